import packageInformation from '../../package.json' with { type: 'json' }

/** Returns the version of this program, such as `0.1.0`. */
export function toolVersion(): string {
  return packageInformation.version
}
