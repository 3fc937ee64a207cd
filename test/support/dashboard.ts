import { onTestFinished } from 'vitest'

import type { Application } from '../../src/service/application/port.ts'
import { HeadlessDashboard, type HeadlessOptions } from './headless-dashboard.ts'

/** A dashboard in a terminal that is read. It is left when the running test has finished. */
export class TestDashboard extends HeadlessDashboard {
  constructor(application: Application, options: HeadlessOptions = {}) {
    super(application, options)
    onTestFinished(() => this.close())
  }
}
