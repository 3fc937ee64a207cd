import type { Driver } from '../../src/storage/driver.ts'

/** Returns a driver that does everything as `driver` does, but puts as `put` does. */
export function driverWithPut(driver: Driver, put: Driver['put']): Driver {
  return new Proxy(driver, {
    get: (target, property) => {
      if (property === 'put') return put
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
