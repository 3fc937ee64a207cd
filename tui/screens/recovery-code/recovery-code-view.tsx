import { Box } from 'ink'
import type { ReactNode } from 'react'

import { FormView } from '../../components/form-view.tsx'
import { Line } from '../../components/line.tsx'
import { wrap } from '../../text/fit.ts'
import { useTheme } from '../../theme/theme.ts'
import { groupsOf, type ShownCode } from './recovery-code.ts'

export interface RecoveryCodeViewProps {
  readonly code: ShownCode
  readonly columns: number
}

const WHY =
  'Whoever has this code can open the repository without the password. It is shown now and never again: without it, a forgotten password means that all points are lost. Write it on paper and keep that away from this machine.'

/** There may be several, and the repository cannot tell them apart by more than that. */
function besideOf(slot: string): string {
  return `Write its number beside it: it is the key ${slot.slice(0, 8)} in the list of keys.`
}

/** A recovery code, or the questions about it. */
export function RecoveryCodeView({ code, columns }: RecoveryCodeViewProps): ReactNode {
  const theme = useTheme()
  if (code.isChecking) {
    return (
      <Box flexDirection="column" width={columns}>
        <Line text="Is it written down? Read from your paper:" columns={columns} isBold color={theme.accent} />
        <Line text="" columns={columns} />
        <FormView form={code.check.form} columns={columns} />
      </Box>
    )
  }
  return (
    <Box flexDirection="column" width={columns}>
      <Line text={`The recovery code of ${code.repository}`} columns={columns} isBold color={theme.accent} />
      <Line text="" columns={columns} />
      <Line text={`    ${code.code}`} columns={columns} isBold />
      <Line text="" columns={columns} />
      {[WHY, ...(code.slot === undefined ? [] : [besideOf(code.slot)])]
        .flatMap((text) => wrap(text, columns))
        .map((line, index) => (
          <Line key={index} text={line} columns={columns} />
        ))}
      <Line text="" columns={columns} />
      <Line
        text={`Enter: two of its ${groupsOf(code.code).length} groups are asked for.`}
        columns={columns}
        color={theme.muted}
      />
    </Box>
  )
}
