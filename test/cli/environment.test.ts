import { expect, test } from 'vitest'

import { choosePaths, userDirectories } from '../../src/cli/environment.ts'
import { takeSecretVariables } from '../../src/cli/secret-variables.ts'

const NOTHING = { config: undefined, cacheDir: undefined }

test('without variables everything lies below HOME', () => {
  expect(choosePaths({ HOME: '/home/ada' }, '/place', NOTHING)).toEqual({
    configFile: '/home/ada/.config/tidemark/config.yaml',
    stateDirectory: '/home/ada/.local/state/tidemark',
    cacheDirectory: '/home/ada/.cache/tidemark',
  })
})

test('options win over variables, variables over XDG folders', () => {
  const environment = {
    HOME: '/home/ada',
    XDG_CACHE_HOME: '/xdg/cache',
    XDG_STATE_HOME: '/xdg/state',
    XDG_CONFIG_HOME: '/xdg/config',
    TIDEMARK_CACHE_DIR: '/var/cache',
    TIDEMARK_STATE_DIR: 'state',
  }
  expect(choosePaths(environment, '/place', { config: 'c.yaml', cacheDir: '/opt' })).toEqual({
    configFile: '/place/c.yaml',
    stateDirectory: '/place/state',
    cacheDirectory: '/opt',
  })
  expect(choosePaths(environment, '/place', NOTHING)).toMatchObject({
    configFile: '/xdg/config/tidemark/config.yaml',
    cacheDirectory: '/var/cache',
  })
})

test('relative and empty XDG folders are ignored', () => {
  const environment = { HOME: '/home/ada', XDG_CACHE_HOME: 'relative', XDG_STATE_HOME: '' }
  expect(userDirectories(environment)).toMatchObject({
    cacheDirectory: '/home/ada/.cache/tidemark',
    stateDirectory: '/home/ada/.local/state/tidemark',
  })
})

test('without HOME the user is told which variable says where', () => {
  expect(() => choosePaths({}, '/place', NOTHING)).toThrow(/TIDEMARK_CONFIG/)
})

test('variables that open a repository do not reach other processes', () => {
  const environment: Record<string, string | undefined> = {
    TIDEMARK_PASSWORD: 'secret',
    TIDEMARK_RECOVERY_CODE: '',
    TIDEMARK_REPOSITORY: '/srv',
  }
  expect(takeSecretVariables(environment)).toEqual({
    password: 'secret',
    passwordFile: undefined,
    passwordCommand: undefined,
    keyFile: undefined,
    recoveryCode: undefined,
  })
  expect(Object.keys(environment)).toEqual(['TIDEMARK_REPOSITORY'])
})
