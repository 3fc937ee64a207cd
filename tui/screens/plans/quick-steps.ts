import type { StepForm, StepKind, StepSetting } from '../../../src/service/application/shown.ts'
import { STEP_KINDS } from './plan-settings.ts'

/** Settings of steps that the first form of a plan shows: each of the first step of its kind. */
const QUICK = {
  fullEvery: ['full', 'value'],
  copyTo: ['copy', 'value'],
  verifyPercent: ['verify', 'value'],
  keepLast: ['forget', 'keep-last'],
  keepDaily: ['forget', 'keep-daily'],
  keepWeekly: ['forget', 'keep-weekly'],
  keepMonthly: ['forget', 'keep-monthly'],
  keepYearly: ['forget', 'keep-yearly'],
} as const satisfies Record<string, readonly [StepKind, StepSetting]>

export type QuickField = keyof typeof QUICK
export const QUICK_FIELDS = Object.keys(QUICK) as readonly QuickField[]

/** Returns what steps say of the settings that are shown first. */
export function quickOf(steps: readonly StepForm[]): Readonly<Record<QuickField, string>> {
  return Object.fromEntries(QUICK_FIELDS.map((field) => [field, quickValue(steps, field)])) as Record<
    QuickField,
    string
  >
}

/** Returns the steps with what was typed: a step comes and goes with what is said of it, and the rest stays as it was. */
export function withQuick(
  steps: readonly StepForm[],
  quick: Readonly<Record<QuickField, string>>,
): readonly StepForm[] {
  return QUICK_FIELDS.reduce<readonly StepForm[]>((before, field) => {
    const text = quick[field].trim()
    return text === quickValue(before, field) ? before : withSetting(before, QUICK[field], text)
  }, steps)
}

/** Returns the field that shows a setting of one of the steps, if one does. */
export function quickFieldOf(steps: readonly StepForm[], at: number, setting: string): QuickField | undefined {
  return QUICK_FIELDS.find((field) => {
    const [kind, name] = QUICK[field]
    return name === setting && steps.findIndex((step) => step.kind === kind) === at
  })
}

function quickValue(steps: readonly StepForm[], field: QuickField): string {
  const [kind, setting] = QUICK[field]
  return steps.find((step) => step.kind === kind)?.settings[setting]?.[0] ?? ''
}

function withSetting(
  steps: readonly StepForm[],
  [kind, setting]: readonly [StepKind, StepSetting],
  text: string,
): readonly StepForm[] {
  const at = steps.findIndex((step) => step.kind === kind)
  const before: StepForm['settings'] = steps[at]?.settings ?? {}
  const others = Object.fromEntries(Object.entries(before).filter(([name]) => name !== setting))
  const settings = text === '' ? others : { ...others, [setting]: [text] }
  // A full point without an interval is one each time: nobody who empties the field means that.
  const isGone = text === '' && (setting === 'value' || !Object.keys(others).some((each) => each.startsWith('keep-')))
  if (at >= 0) return isGone ? steps.toSpliced(at, 1) : steps.with(at, { kind, settings })
  const after = steps.findLastIndex((step) => STEP_KINDS.indexOf(step.kind) < STEP_KINDS.indexOf(kind))
  return steps.toSpliced(after + 1, 0, { kind, settings })
}
