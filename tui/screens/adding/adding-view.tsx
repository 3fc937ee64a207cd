import { Box } from 'ink'
import type { ReactNode } from 'react'

import { EditorView } from '../../components/editor-view.tsx'
import { FormView } from '../../components/form-view.tsx'
import { Line } from '../../components/line.tsx'
import { Lines } from '../../components/lines.tsx'
import { useTheme } from '../../theme/theme.ts'
import { RecoveryCodeView } from '../recovery-code/recovery-code-view.tsx'
import type { Adding } from './adding.ts'
import { credentialFields } from './credentials.ts'
import { CREDENTIALS, PLACE_KINDS, PLACE_WORDS, placeMistakes, serverKindOf, urlOf } from './places.ts'

export interface AddingViewProps {
  readonly adding: Adding
  readonly columns: number
  readonly rows: number
}

/** Where a repository lies, and what opens it. */
export function AddingView({ adding, columns, rows }: AddingViewProps): ReactNode {
  const theme = useTheme()
  const { at, isNew } = adding
  const title = isNew ? 'A new repository' : 'A repository that is there already'
  switch (at.page) {
    case 'kind':
      return (
        <Box flexDirection="column" width={columns}>
          <Line text={`${title}: where does it lie?`} columns={columns} isBold color={theme.accent} />
          <Line text="" columns={columns} />
          {PLACE_KINDS.map((kind, index) => (
            <Line
              key={kind}
              text={`${index === at.selected ? '› ' : '  '}${kind.padEnd(10)} ${PLACE_WORDS[kind]}`}
              columns={columns}
              isInverse={index === at.selected}
            />
          ))}
        </Box>
      )
    case 'place': {
      const isWhole = Object.keys(placeMistakes(at.kind, at.editor.form)).length === 0
      const credentials = CREDENTIALS[serverKindOf(at.kind, at.editor.form)] ?? ''
      const notes = [isWhole ? `It is ${urlOf(at.kind, at.editor.form)}` : '', credentials]
      return (
        <Box flexDirection="column" width={columns}>
          <Line text={`${title}: ${PLACE_WORDS[at.kind]}`} columns={columns} isBold color={theme.accent} />
          <EditorView editor={at.editor} columns={columns} rows={rows - 1} />
          {at.editor.picking === undefined &&
            notes.map((note, index) => <Lines key={index} text={note} columns={columns} color={theme.muted} />)}
        </Box>
      )
    }
    case 'secret': {
      const doing = isNew
        ? 'Deriving the key and making the repository … Esc stops that'
        : 'Opening it … Esc stops that'
      const sealing =
        credentialFields(serverKindOf(at.place.kind, at.place.editor.form)).length === 0
          ? ''
          : 'What the server wants is kept, sealed with the password.'
      const made = isNew ? 'A recovery code is made with it, and shown once.' : ''
      const note = at.isTrying ? doing : [made, sealing].filter((text) => text !== '').join(' ')
      return (
        <Box flexDirection="column" width={columns}>
          <Line
            text={`${title}: ${urlOf(at.place.kind, at.place.editor.form)}`}
            columns={columns}
            isBold
            color={theme.accent}
          />
          <FormView form={at.editor.form} columns={columns} />
          <Lines text={note} columns={columns} color={theme.muted} />
        </Box>
      )
    }
    case 'code':
      return <RecoveryCodeView code={at.code} columns={columns} />
  }
}
