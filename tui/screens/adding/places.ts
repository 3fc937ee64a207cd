import { type Editor, editorOf, type EditorPaths } from '../../forms/editor.ts'
import {
  checkboxField,
  choiceField,
  type Form,
  isChecked,
  type LabelledField,
  textField,
  textOf,
} from '../../forms/form.ts'

/** The kinds of places that repositories lie in, as they are offered. */
export const PLACE_KINDS = ['local', 'external', 'sftp', 's3', 'dunesea', 'url'] as const
export type PlaceKind = (typeof PLACE_KINDS)[number]

export const PLACE_WORDS: Readonly<Record<PlaceKind, string>> = {
  local: 'a folder of this machine, or of something mounted on it',
  external: 'a removable disk with a label, wherever it is mounted',
  sftp: 'a folder of another machine, over SSH',
  s3: 'a bucket of Amazon S3 or a compatible service',
  dunesea: 'a domain of a DuneSea server',
  url: 'by its URL, typed or pasted',
}

export type PlaceField =
  | 'folder'
  | 'label'
  | 'host'
  | 'port'
  | 'user'
  | 'identityFile'
  | 'bucket'
  | 'prefix'
  | 'endpoint'
  | 'region'
  | 'pathStyle'
  | 'storageClass'
  | 'sse'
  | 'domain'
  | 'isSecure'
  | 'url'

/** The kinds that say what a server is told of its user. */
export type ServerKind = Exclude<PlaceKind, 'url'>

/** Where credentials of a kind come from: they are never part of a URL. */
export const CREDENTIALS: Readonly<Record<ServerKind, string | undefined>> = {
  local: undefined,
  external: undefined,
  sftp: 'Opened by your SSH keys and agent, or by what is asked for next.',
  s3: 'Credentials are taken from where AWS tools take them, or asked for next.',
  dunesea: 'Its token is asked for next.',
}

/** Where the name of a bucket stands in the URLs that are asked for, as `pathStyle` says it. */
const PATH_STYLES: Readonly<Record<string, string | undefined>> = {
  'as the service has it': undefined,
  'in the path': 'true',
  "in the host's name": 'false',
}

function text(name: PlaceField, label: string, help: string): LabelledField<PlaceField> {
  return { name, label, field: textField(), help }
}

const FIELDS: Readonly<Record<PlaceKind, readonly LabelledField<PlaceField>[]>> = {
  local: [text('folder', 'Folder', 'absolute; Ctrl+O chooses one')],
  external: [
    text('label', 'Label of the disk', 'empty: escapepod'),
    text('folder', 'Folder on it', 'empty: escapepod'),
  ],
  sftp: [
    text('host', 'Host', 'a name of the SSH configuration, a host name, or an address'),
    text('user', 'User', 'empty: what the SSH configuration says'),
    text('port', 'Port', 'empty: what the SSH configuration says, else 22'),
    text('identityFile', 'SSH key file', 'its absolute path here; empty: those of the SSH configuration and agent'),
    text('folder', 'Folder', 'absolute, or below the home there: /~/backup'),
  ],
  s3: [
    text('bucket', 'Bucket', 'its name'),
    text('prefix', 'Prefix', 'before all names in the bucket; may be empty'),
    text('endpoint', 'Endpoint', 'https://host of a compatible service; empty: Amazon'),
    text('region', 'Region', 'may be empty'),
    {
      name: 'pathStyle',
      label: 'Bucket in URL',
      field: choiceField(Object.keys(PATH_STYLES)),
      help: '← → choose; where an endpoint is given, the service is taken to have it in the path',
    },
    text('storageClass', 'Storage class', "such as STANDARD_IA; empty: the bucket's own"),
    text('sse', 'Encrypted by server', "such as AES256; empty: the bucket's own"),
  ],
  dunesea: [
    text('host', 'Host', 'a host name or an address'),
    text('port', 'Port', 'empty: 443, without TLS 80'),
    text('domain', 'Domain', 'its name on the server'),
    {
      name: 'isSecure',
      label: 'TLS',
      field: checkboxField(true),
      help: 'Space: without it only this machine is spoken to',
    },
  ],
  url: [text('url', 'URL', 'such as sftp://host/path or s3://bucket, or a folder; without any password')],
}

const SCHEMES: readonly (readonly [RegExp, ServerKind])[] = [
  [/^sftp:/i, 'sftp'],
  [/^s3:/i, 's3'],
  [/^dunesea\+https?:/i, 'dunesea'],
]

/** Returns the kind of place that a form means, also where that is said by a URL. */
export function serverKindOf(kind: PlaceKind, form: Form<PlaceField>): ServerKind {
  if (kind !== 'url') return kind
  const url = urlOf(kind, form)
  return SCHEMES.find(([scheme]) => scheme.test(url))?.[1] ?? 'local'
}

/** Returns the empty form of a kind of place. `isNew`: a repository is made there, so that its folder may be made, too. */
export function placeEditor(kind: PlaceKind, isNew: boolean): Editor<PlaceField> {
  return editorOf({ fields: FIELDS[kind], focus: 0 }, pathsOf(kind, isNew))
}

/** What lies on this machine. */
function pathsOf(kind: PlaceKind, isNew: boolean): EditorPaths {
  switch (kind) {
    case 'local':
      return { pickable: { folder: 'one' }, wishes: { folder: isNew ? 'new-folders' : 'folder' } }
    case 'sftp':
      return { wishes: { identityFile: 'file' } }
    default:
      return {}
  }
}

/** Returns what is wrong with the place that a form names, by field; nothing when `urlOf` makes sense. */
export function placeMistakes(kind: PlaceKind, form: Form<PlaceField>): Readonly<Record<string, string>> {
  const checks: readonly (readonly [PlaceField, string | undefined])[] = form.fields.map(({ name }) => {
    return [name, mistakeIn(kind, name, textOf(form, name).trim())]
  })
  return Object.fromEntries(checks.filter((check): check is readonly [PlaceField, string] => check[1] !== undefined))
}

/** Returns the URL or path that a form without mistakes composes. */
export function urlOf(kind: PlaceKind, form: Form<PlaceField>): string {
  const [folder, label, host, port, user] = (['folder', 'label', 'host', 'port', 'user'] as const).map((name) => {
    return textOf(form, name).trim()
  }) as [string, string, string, string, string]
  const authority = `${host.includes(':') ? `[${host}]` : host}${port === '' ? '' : `:${port}`}`
  switch (kind) {
    case 'local':
      return folder
    case 'external':
      return `external:${label}${folder === '' ? '' : `/${folder.replace(/^\/+/, '')}`}`
    case 'sftp':
      return `sftp://${user === '' ? '' : `${encodeURIComponent(user)}@`}${authority}${encodedPath(folder)}${keyOption(form)}`
    case 's3':
      return s3Url(form)
    case 'url':
      return textOf(form, 'url').trim()
    case 'dunesea':
      return `dunesea+${isChecked(form, 'isSecure') ? 'https' : 'http'}://${authority}/${textOf(form, 'domain').trim()}`
  }
}

function keyOption(form: Form<PlaceField>): string {
  const file = textOf(form, 'identityFile').trim()
  return file === '' ? '' : `?identityFile=${encodedPath(file)}`
}

function s3Url(form: Form<PlaceField>): string {
  const [bucket, prefix] = (['bucket', 'prefix'] as const).map((name) => textOf(form, name).trim()) as [string, string]
  const options = new URLSearchParams()
  for (const name of ['endpoint', 'region', 'storageClass', 'sse'] as const) {
    const value = textOf(form, name).trim()
    if (value !== '') options.set(name, value)
  }
  const pathStyle = PATH_STYLES[textOf(form, 'pathStyle')]
  if (pathStyle !== undefined) options.set('pathStyle', pathStyle)
  const path = prefix === '' ? '' : encodedPath(`/${prefix.replace(/^\/+/, '')}`)
  return `s3://${bucket}${path}${options.size === 0 ? '' : `?${options.toString()}`}`
}

/** Names of a path as a URL has them; `~` stays what it is. */
function encodedPath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

function mistakeIn(kind: PlaceKind, name: PlaceField, value: string): string | undefined {
  switch (name) {
    case 'folder':
      return folderMistake(kind, value)
    case 'identityFile':
      return value === '' || value.startsWith('/') ? undefined : 'begins with /'
    case 'label':
      return value.includes('/') ? 'a label holds no /' : undefined
    case 'host':
      return /^[^\s/?#@[\]]+$/.test(value) ? undefined : 'a host name or an address, and nothing else'
    case 'port':
      return value === '' || (/^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535)
        ? undefined
        : 'a number from 1 to 65535'
    case 'bucket':
      return /^[^\s/?#:]+$/.test(value) ? undefined : 'the name of a bucket, without / and :'
    case 'endpoint':
      return value === '' || (/^https?:\/\/[^/?#@\s]+\/?$/.test(value) && URL.canParse(value))
        ? undefined
        : 'a URL such as https://s3.example'
    case 'domain':
      return /^[a-z0-9][a-z0-9._-]*$/i.test(value) ? undefined : 'letters, digits, ".", "_" and "-"'
    case 'url':
      return /^(?:\/|[a-z][a-z0-9+.-]*:)/i.test(value) ? undefined : 'a URL, or a folder that begins with /'
    case 'storageClass':
      return value === '' || /^[A-Z][A-Z0-9_]+$/.test(value) ? undefined : 'a class in capitals, such as STANDARD_IA'
    case 'sse':
      return value === '' || /^(?:AES256|aws:[a-z:]+)$/.test(value) ? undefined : 'AES256, aws:kms or aws:kms:dsse'
    case 'region':
      return value === '' || /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(value) ? undefined : 'such as eu-west-1'
    case 'user':
    case 'prefix':
    case 'pathStyle':
    case 'isSecure':
      return undefined
  }
}

function folderMistake(kind: PlaceKind, folder: string): string | undefined {
  if (kind === 'external') {
    const isOut = folder.split('/').some((name) => name === '.' || name === '..')
    return isOut ? 'a folder of the disk, without . and ..' : undefined
  }
  if (!folder.startsWith('/')) return 'begins with /'
  const isNone = folder.replace(/\/+$/, '') === '' || /^\/~\/*$/.test(folder)
  return isNone ? 'names no folder of its own' : undefined
}
