/** Says which Node runs the tests, and refuses one that the product does not support. */
export function setup(): void {
  const major = Number(process.versions.node.split('.')[0])
  if (major < 24) throw new Error(`the tests run on Node 24 or later, this is ${process.versions.node}`)
}
