/** The screens in the order of the digits that open them. */
export const SCREEN_NAMES = [
  'overview',
  'points',
  'browse',
  'restore',
  'plans',
  'drivers',
  'jobs',
  'mounts',
  'settings',
] as const

/** All screens: the first start has no digit. */
export const ALL_SCREEN_NAMES = [...SCREEN_NAMES, 'start'] as const

export type ScreenName = (typeof ALL_SCREEN_NAMES)[number]
