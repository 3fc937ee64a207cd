/** The screens in the order of the digits that open them. */
export const SCREEN_NAMES = ['overview', 'points', 'browse', 'restore'] as const

export type ScreenName = (typeof SCREEN_NAMES)[number]
