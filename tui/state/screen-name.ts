/** The screens in the order of the digits that open them. */
export const SCREEN_NAMES = ['overview'] as const

export type ScreenName = (typeof SCREEN_NAMES)[number]
