import { isDeepStrictEqual } from 'node:util'

import { type Document, isCollection, isMap, isScalar, isSeq, type YAMLSeq } from 'yaml'

import { UsageError } from '../../base/errors.ts'
import { changeConfiguration } from '../configuration.ts'
import { LocatedYaml } from '../located-yaml.ts'
import { decodePlans, type PlansText } from './decode-plans.ts'

/** A plan as the configuration has it: what stands under its name, undecoded. */
export type WrittenPlan = Readonly<Record<string, unknown>>

export interface PlanEdit {
  readonly name: string
  readonly written: WrittenPlan
  /** The plan that it takes the place of; `undefined`: it is a new one. */
  readonly replaces: string | undefined
}

/** Where plans are kept. */
export interface PlansFile {
  readonly file: string
  /** What `~` stands for. */
  readonly home: string
}

/**
 * Adds or changes a plan in the configuration file. Comments, order and whatever did not change stay as they are.
 *
 * @throws {UsageError} BAD_CONFIGURATION: the file, or the plan, is not as it should be; nothing is written. BAD_ARGUMENT: the
 * name is taken, or there is no plan to replace.
 */
export async function savePlan({ file, home }: PlansFile, edit: PlanEdit): Promise<void> {
  await changeConfiguration(file, (text) => withPlan({ file, text, home }, edit))
}

/** Removes a plan from the configuration file; its points are left alone. @throws as `savePlan`. */
export async function removePlan({ file, home }: PlansFile, name: string): Promise<void> {
  await changeConfiguration(file, (text) => withoutPlan({ file, text, home }, name))
}

/** Pauses a plan, or lets it go on. @throws as `savePlan`. */
export async function pausePlan({ file, home }: PlansFile, name: string, paused: boolean): Promise<void> {
  await changeConfiguration(file, (text) => {
    const input = { file, text, home }
    const others = Object.entries(writtenPlan(input, name)).filter(([key]) => key !== 'paused')
    const written = Object.fromEntries(paused ? [...others, ['paused', true]] : others)
    return withPlan(input, { name, written, replaces: name })
  })
}

/** Returns a plan as the text has it. @throws {UsageError} BAD_CONFIGURATION; BAD_ARGUMENT: there is none of that name. */
export function writtenPlan(input: PlansText, name: string): WrittenPlan {
  requirePlan(input, name)
  const plan: unknown = LocatedYaml.parse(input).document.getIn(['plans', name], true)
  return isMap(plan) ? (plan.toJSON() as WrittenPlan) : {}
}

/** Returns the text with a plan added or changed, all else as it was. @throws as `savePlan`. */
export function withPlan(input: PlansText, { name, written, replaces }: PlanEdit): string {
  if (replaces !== undefined) requirePlan(input, replaces)
  if (name !== replaces && decodePlans(input).some((plan) => plan.name === name)) {
    throw new UsageError('BAD_ARGUMENT', `there is a plan called "${name}" already`, { hint: 'Choose another name.' })
  }
  const { document } = LocatedYaml.parse(input)
  if (!isMap(document.contents)) document.contents = document.createNode({})
  if (replaces !== undefined && replaces !== name) rename(document, replaces, name)
  change(document, ['plans', name], written)
  return checked(input, document)
}

/** Returns the text without a plan, all else as it was. @throws as `removePlan`. */
export function withoutPlan(input: PlansText, name: string): string {
  requirePlan(input, name)
  const { document } = LocatedYaml.parse(input)
  document.deleteIn(['plans', name])
  return checked(input, document)
}

function requirePlan(input: PlansText, name: string): void {
  const plans = decodePlans(input)
  if (plans.some((plan) => plan.name === name)) return
  const known = plans.map((plan) => plan.name).join(', ')
  throw new UsageError('BAD_ARGUMENT', `no plan is called "${name}"`, {
    hint: known === '' ? 'There is no plan at all.' : `There are ${known}.`,
  })
}

/** Whatever an edit did, what comes of it can be decoded. */
function checked(input: PlansText, document: Document): string {
  const text = document.toString({ lineWidth: 0 })
  decodePlans({ ...input, text })
  return text
}

function rename(document: Document, before: string, after: string): void {
  const plans = document.get('plans', true)
  const pair = isMap(plans) ? plans.items.find(({ key }) => String(key) === before) : undefined
  if (pair === undefined) return
  pair.key = document.createNode(after)
}

/** Gives the node at `path` a value, touching only what differs: comments belong to nodes. */
function change(document: Document, path: readonly (string | number)[], value: unknown): void {
  const node: unknown = document.getIn(path, true)
  const before: unknown = isCollection(node) ? node.toJSON() : document.getIn(path)
  if (isDeepStrictEqual(before, value)) return
  if (isMap(node) && isRecord(value)) {
    for (const key of Object.keys(before as object)) if (!Object.hasOwn(value, key)) document.deleteIn([...path, key])
    for (const [key, each] of Object.entries(value)) change(document, [...path, key], each)
  } else if (isSeq(node) && Array.isArray(value)) {
    node.items = nodesFor(document, node, value)
    for (const [at, each] of value.entries()) change(document, [...path, at], each)
  } else {
    document.setIn(path, document.createNode(value))
  }
}

/**
 * Returns a node for each item of a list: the one that says just that, else one that was there and says something alike,
 * which is changed; so what is moved or removed takes its comments along.
 */
function nodesFor(document: Document, list: YAMLSeq, values: readonly unknown[]): unknown[] {
  const left = list.items.map((node) => ({
    node,
    value: isCollection(node) ? (node.toJSON() as unknown) : valueOf(node),
  }))
  const take = (isWanted: (value: unknown) => boolean): unknown => {
    const at = left.findIndex(({ value }) => isWanted(value))
    return at < 0 ? undefined : left.splice(at, 1)[0]?.node
  }
  const same = values.map((value) => take((before) => isDeepStrictEqual(before, value)))
  return values.map((value, at) => same[at] ?? take((before) => isAlike(before, value)) ?? document.createNode(value))
}

function valueOf(node: unknown): unknown {
  return isScalar(node) ? node.value : node
}

/** Whether the one may become the other: texts, or maps that begin with the same word. */
function isAlike(before: unknown, after: unknown): boolean {
  if (!isRecord(before) || !isRecord(after)) return typeof before === typeof after && !isRecord(before)
  const [word] = Object.keys(after)
  return word !== undefined && word in before
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
