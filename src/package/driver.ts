/** What drivers of one's own are made of: `import { … } from 'tidemark/driver'`. See examples/custom-driver.ts. */
export { type ErrorCode, type ErrorDetails, StorageError, TidemarkError, UsageError } from '../base/errors.ts'
export { type ObjectId, parseObjectId } from '../base/ids.ts'
export {
  type ByteRange,
  type Driver,
  type DriverCapabilities,
  type Leftover,
  type ListKinds,
  OBJECT_KINDS,
  type ObjectInfo,
  type ObjectKind,
  type ObjectName,
  objectPath,
  type StoreSpace,
} from '../storage/driver.ts'
export type { DriverModule, DriverModuleOptions } from '../storage/driver-module.ts'
export { objectExists, objectNotFound, rangeInside } from '../storage/object-errors.ts'
