import { setFlagsFromString } from 'node:v8'

/**
 * Leaves V8's last and slowest compiler, TurboFan, out of this process, whose commands are over before it pays.
 *
 * WebAssembly is compiled as ever. For processes that stay, such as a mount, it would be wrong.
 * @see docs/decisions/0029-no-last-compiler.md
 */
export function compileLightly(): void {
  setFlagsFromString('--no-turbofan')
}
