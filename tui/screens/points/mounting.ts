import type { PointData } from '../../../src/service/application/shown.ts'
import { type Editor, editorAfterAnswer, editorAfterFailure, editorOf, pasteInEditor } from '../../forms/editor.ts'
import type { Key } from '../../keymap/key.ts'
import { type Answer, call, type Failure } from '../../state/call.ts'
import type { Shared } from '../../state/shared.ts'
import type { Step } from '../../state/step.ts'
import { MOUNT_PLACE_PATHS, mountPlaceField, type MountPlaceField, mountPlaceIn } from '../mounts/mount-place.ts'
import { typeInScreen } from '../screen-editor.ts'

/** Asks where to mount a point: this one, whatever comes into the list meanwhile. */
export interface Mounting {
  readonly point: PointData
  readonly editor: Editor<MountPlaceField>
  /** It was sent, and stays until the point is mounted: what cannot be used is corrected, not typed again. */
  readonly isTrying: boolean
}

/** What becomes of it; `undefined`: it was left, or is done. */
export type MountingStep = Step<Mounting | undefined>

export function startMounting(point: PointData, { settings }: Shared): Mounting {
  const fields = [mountPlaceField('Mount at', settings.mountFolder)]
  return { point, editor: editorOf({ fields, focus: 0 }, MOUNT_PLACE_PATHS), isTrying: false }
}

/** Returns what a key makes of it. */
export function typeInMounting(mounting: Mounting, key: Key, shared: Shared): MountingStep {
  // What was asked for is not taken back by leaving its form: its answer says that it is mounted.
  if (mounting.isTrying) return { state: key === 'esc' ? undefined : mounting }
  return typeInScreen<Mounting | undefined, MountPlaceField>(mounting.editor, key, {
    ...{ screen: 'points', shared },
    hold: (editor) => editor && { ...mounting, editor },
    send: (editor) => send({ ...mounting, editor }, shared),
  })
}

function send(mounting: Mounting, { repository }: Shared): MountingStep {
  const place = mountPlaceIn(mounting.editor)
  if ('mistaken' in place) return { state: { ...mounting, editor: place.mistaken } }
  if (repository === undefined) return { state: mounting }
  return {
    state: { ...mounting, isTrying: true },
    effects: [call('points:mount', 'mount', repository, mounting.point.id, place.directory)],
  }
}

export function pasteInMounting(mounting: Mounting, text: string): Mounting {
  return mounting.isTrying ? mounting : { ...mounting, editor: pasteInEditor(mounting.editor, text) }
}

/** Returns what an answer makes of it: the form of another point may have been opened meanwhile. */
export function answerInMounting(mounting: Mounting | undefined, answer: Answer): MountingStep {
  if (answer.method === 'mount') {
    const state = mounting?.isTrying === true ? undefined : mounting
    return { state, say: `Mounted at ${answer.args[2]}.` }
  }
  return { state: mounting && { ...mounting, editor: editorAfterAnswer(mounting.editor, answer) } }
}

export function failureInMounting(mounting: Mounting, failure: Failure): Mounting {
  const isTrying = mounting.isTrying && failure.method !== 'mount'
  return { ...mounting, editor: editorAfterFailure(mounting.editor, failure), isTrying }
}
