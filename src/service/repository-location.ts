const LOCATION = /^(?:\/|[a-z][a-z0-9+.-]*:.)/i
/** A URL with a password between user and host. */
const WITH_PASSWORD = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@]*:[^/?#]*@/i
const LOCATION_LENGTH_MAX = 4096

export const NO_LOCATION = 'an absolute path or a URL is expected'

/** Says what is wrong with what should be where a repository lies; it is not repeated, since it may hold a secret. */
export function locationMistake(text: string): string | undefined {
  if (text.length > LOCATION_LENGTH_MAX || !LOCATION.test(text) || text.includes('\0')) return NO_LOCATION
  return WITH_PASSWORD.test(text) ? 'no password stands in a URL; write it as sftp-password or token' : undefined
}
