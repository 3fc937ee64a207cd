import { Text } from 'ink'
import type { ReactNode } from 'react'

import { fit, type FitOptions } from '../text/fit.ts'
import type { Color } from '../theme/theme.ts'

export interface LineProps extends FitOptions {
  readonly text: string
  readonly columns: number
  readonly color?: Color
  readonly isBold?: boolean
  readonly isInverse?: boolean
}

/** One row of the terminal, exactly `columns` wide. */
export function Line({ text, columns, color, isBold = false, isInverse = false, ...how }: LineProps): ReactNode {
  return (
    <Text {...(color === undefined ? {} : { color })} bold={isBold} inverse={isInverse} wrap="truncate">
      {fit(text, columns, how)}
    </Text>
  )
}
