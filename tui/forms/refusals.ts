/** Wrong secrets after which one is told what else there is. */
export const REFUSALS_BEFORE_ADVICE = 3
