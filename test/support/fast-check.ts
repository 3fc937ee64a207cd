import fc from 'fast-check'

// Each run tries the same; the long tests try something else each time, and tell the seed of what failed.
if (process.env['TIDEMARK_TEST_LONG'] !== '1') fc.configureGlobal({ seed: 20_261_121 })

export { fc }
