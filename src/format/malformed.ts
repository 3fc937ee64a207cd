import { IntegrityError } from '../base/errors.ts'

/**
 * Returns the error of a decoder that met bytes which no writer makes.
 *
 * `structure` names what was decoded ("tree", "pack footer"), `problem` what is wrong with it.
 */
export function malformed(structure: string, problem: string): IntegrityError {
  return new IntegrityError('MALFORMED', `the ${structure} is malformed: ${problem}`, {
    context: { structure },
    hint: 'Run `tidemark check` to learn what is affected; whatever another copy still holds can be repaired from it.',
  })
}

/** Returns the error for a structure of a later version, or of a cipher suite that this version does not know. */
export function unsupportedVersion(structure: string, problem: string): IntegrityError {
  return new IntegrityError('UNSUPPORTED_VERSION', `the ${structure} cannot be read: ${problem}`, {
    context: { structure },
    hint: 'It was written by a later version of Tidemark: update this one.',
  })
}
