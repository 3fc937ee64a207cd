import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

const noDefaultExport = {
  selector: 'ExportDefaultDeclaration',
  message: 'Named exports only.',
}
const noEnvironment = {
  selector: "MemberExpression[object.name='process'][property.name=/^(env|argv|stdout|stderr|stdin|exit|cwd)$/]",
  message: 'Only src/cli talks to the process: pass what is needed as an option.',
}

export default defineConfig(
  {
    ignores: [
      'dist/**',
      'dist.next/**',
      'node_modules/**',
      'src/engine/chunker/gear-wasm.ts',
      'src/engine/chunker/*.as.ts',
      '**/*.d.ts',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // A brand is chosen where a value is decoded.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // A port's implementation may answer at once where another has to wait.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      'no-restricted-syntax': ['error', noDefaultExport],
      'no-console': 'error',
      eqeqeq: 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: [
      'src/{base,crypto,format,storage,repository,engine,service}/**/*.ts',
      'drivers/**/*.ts',
      'fuse/**/*.ts',
      'tui/**/*.{ts,tsx}',
    ],
    rules: { 'no-restricted-syntax': ['error', noDefaultExport, noEnvironment] },
  },
  { files: ['*.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['test/**/*.{ts,tsx}'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
)
