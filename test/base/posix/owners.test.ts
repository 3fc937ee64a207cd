import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { OwnerNames } from '../../../src/base/posix/owners.ts'

/** Name and number of every line of /etc/passwd or /etc/group; of equal numbers or names the first counts. */
function entries(path: string): [string, number][] {
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  return lines.map((line) => line.split(':')).map((fields) => [fields[0]!, Number(fields[2])])
}

test('every user and group of this machine is found both ways', () => {
  const owners = new OwnerNames()
  const users = entries('/etc/passwd')
  const groups = entries('/etc/group')
  expect(users.map(([each]) => owners.userId(each))).toEqual(users.map(([, uid]) => uid))
  expect(groups.map(([each]) => owners.groupId(each))).toEqual(groups.map(([, gid]) => gid))
  expect(owners.userName(0)).toBe('root')
  expect(owners.groupName(0)).toBe('root')
  for (const [, uid] of users) expect(owners.userName(uid)).toBe(users.find((each) => each[1] === uid)![0])
  for (const [, gid] of groups) expect(owners.groupName(gid)).toBe(groups.find((each) => each[1] === gid)![0])
})

test('unknown numbers and names have no counterpart', () => {
  const owners = new OwnerNames()
  for (let twice = 0; twice < 2; twice++) {
    expect(owners.userName(4_000_000_000)).toBeUndefined()
    expect(owners.groupName(4_000_000_001)).toBeUndefined()
    expect(owners.userId('nobody-has-this-name')).toBeUndefined()
    expect(owners.groupId('nobody-has-this-name')).toBeUndefined()
  }
})

test.each(['', 'root\0', 'r'.repeat(100_000), 'röot', '\n', '../root', 'root:x'])(
  'a hostile name is unknown (%#)',
  (hostile) => {
    const owners = new OwnerNames()
    expect(owners.userId(hostile)).toBeUndefined()
    expect(owners.groupId(hostile)).toBeUndefined()
  },
)

test('a group with thousands of members is found', () => {
  // A mount name space of its own, so that the machine's own /etc/group is never touched.
  const module = new URL('../../../src/base/posix/owners.ts', import.meta.url).href
  const script = `
    import { writeFileSync } from 'node:fs'
    const members = Array.from({ length: 5000 }, (_, i) => 'member-' + i).join(',')
    writeFileSync('/etc/group', 'root:x:0:\\nlarge:x:54321:' + members + '\\n')
    const { OwnerNames } = await import(${JSON.stringify(module)})
    const owners = new OwnerNames()
    console.log(owners.groupName(54321), owners.groupId('large'))`
  const inside =
    'mount -t tmpfs none /mnt && cp /etc/group /mnt/group && mount --bind /mnt/group /etc/group && exec "$@"'
  const output = execFileSync('unshare', [
    ...['--mount', '--propagation', 'private', 'sh', '-ec', inside, 'sh'],
    ...[process.execPath, '--input-type=module', '-e', script],
  ])
  expect(output.toString()).toBe('large 54321\n')
})
