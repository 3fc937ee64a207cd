import { describe, expect, test } from 'vitest'

import { LocatedYaml } from '../../../src/service/located-yaml.ts'
import { channelsIn } from '../../../src/service/notifications/decode-channels.ts'

function decode(text: string) {
  return Object.fromEntries(LocatedYaml.decode({ file: '/etc/tidemark/config.yaml', text }, channelsIn))
}

test('channels are e-mail, webhooks and commands, with sane defaults', () => {
  expect(
    decode(`
channels:
  mail:
    email: { host: smtp.example.com, from: me@example.com, to: me@example.com, user: me, password: { env: MAIL } }
  chat: { webhook: https://chat.example.com/hooks/1 }
  secret-chat: { webhook: { file: hook-url } }
  pager: { command: 'beep | cat', limit: 10 s }
  list: { command: [beep, --loud] }
`),
  ).toEqual({
    mail: {
      ...{ kind: 'email', host: 'smtp.example.com', port: 587, security: 'starttls', user: 'me' },
      ...{ password: { from: 'env', name: 'MAIL' }, from: 'me@example.com', to: ['me@example.com'] },
    },
    chat: { kind: 'webhook', url: 'https://chat.example.com/hooks/1' },
    'secret-chat': { kind: 'webhook', url: { from: 'file', path: '/etc/tidemark/hook-url' } },
    pager: { kind: 'command', command: ['/bin/sh', '-c', 'beep | cat'], limitMs: 10_000 },
    list: { kind: 'command', command: ['beep', '--loud'], limitMs: 60_000 },
  })
})

test.each(['', '# nothing', 'repositories: {}', 'channels:'])('%j has none', (text) => {
  expect(decode(text)).toEqual({})
})

describe('is refused with line and key:', () => {
  test.each([
    [
      'a plain password',
      'channels:\n  a: { email: { host: h, from: f, to: t, user: u, password: hunter2 } }',
      /line 2.*channels\.a\.email\.password: a secret must not stand here in clear/,
    ],
    [
      'two ways in one',
      'channels:\n  a: { webhook: https://x.example, command: beep }',
      /line 2.*channels\.a: a channel is one of/,
    ],
    ['no way', 'channels:\n  a: {}', /a channel is one of email, webhook or command/],
    [
      'a webhook in clear',
      'channels:\n  a: { webhook: http://chat.example.com/x }',
      /channels\.a\.webhook: a webhook is an https/,
    ],
    [
      'mail in clear to elsewhere',
      'channels:\n  a: { email: { host: h.example, security: none, from: f, to: t } }',
      /security: none/,
    ],
    [
      'a user without password',
      'channels:\n  a: { email: { host: h, from: f, to: t, user: u } }',
      /user and password go together/,
    ],
    ['a mistyped key', 'channels:\n  a: { emial: { host: h } }', /channels\.a\.emial: .*is "email" meant\?/],
    ['a port', 'channels:\n  a: { email: { host: h, port: 99999, from: f, to: t } }', /channels\.a\.email\.port/],
    ['a limit of e-mail', 'channels:\n  a: { limit: 1 min, webhook: https://x.example }', /limit is the time/],
  ])('%s', (_, text, message) => {
    const failure = (() => {
      try {
        return decode(text)
      } catch (error) {
        return error
      }
    })()
    expect(failure).toMatchObject({ code: 'BAD_CONFIGURATION' })
    expect((failure as Error).message).toMatch(message)
    expect((failure as Error).message).not.toContain('hunter2')
  })
})
