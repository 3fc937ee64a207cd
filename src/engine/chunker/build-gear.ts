import { readFileSync, writeFileSync } from 'node:fs'
import { compileString } from 'assemblyscript/asc'

/** Compiles gear.as.ts; returns the WebAssembly module in base64. The memory is the caller's, so that it sizes it. */
export async function compileGear(): Promise<string> {
  const source = readFileSync(new URL('./gear.as.ts', import.meta.url), 'utf8')
  const { binary, error } = await compileString(source, {
    optimizeLevel: 3,
    runtime: 'stub',
    noAssert: true,
    importMemory: true,
  })
  if (error !== null) throw error
  if (binary === null) throw new Error('AssemblyScript made nothing of gear.as.ts')
  return Buffer.from(binary).toString('base64')
}

if (import.meta.main) {
  const text = `// Made by \`npm run build:gear\` out of gear.as.ts.\nexport const gearWasm =\n  '${await compileGear()}'\n`
  writeFileSync(new URL('./gear-wasm.ts', import.meta.url), text)
}
