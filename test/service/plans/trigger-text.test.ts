import { expect, test } from 'vitest'

import { explainTrigger } from '../../../src/service/plans/explain-trigger.ts'
import { parseTrigger } from '../../../src/service/plans/trigger-text.ts'

const HOME = '/home/ada'

test.each([
  ['@hourly', 'every hour'],
  ['@hourly between 8am and 6:30 pm', 'every hour, between 08:00 and 18:30'],
  ['@daily', 'every day, between 00:00 and 01:00'],
  ['@daily between 1am and 5am', 'every day, between 01:00 and 05:00'],
  ['  @daily   BETWEEN 22:00 AND midnight ', 'every day, between 22:00 and 00:00'],
  ['@weekly', 'every Sunday, between 00:00 and 01:00'],
  ['@weekly on fri between noon and 1pm', 'every Friday, between 12:00 and 13:00'],
  ['@weekly on Mondays', 'every Monday, between 00:00 and 01:00'],
  ['@monthly', 'on the 1st of every month, between 00:00 and 01:00'],
  ['@monthly on the 12th', 'on the 12th of every month, between 00:00 and 01:00'],
  ['@monthly on 23 between 2am and 3am', 'on the 23rd of every month, between 02:00 and 03:00'],
  ['@monthly on the last day', 'on the last day of every month, between 00:00 and 01:00'],
  ['@every 6h', 'every 6 hours'],
  ['@every 1 hour 30 min', 'every 1 hour 30 minutes'],
  ['@every day', undefined],
  ['@every 1 day', 'every day'],
  ['@at 2:30', 'every day at 02:30'],
  ['@at 12am', 'every day at 00:00'],
  ['@at 2028-02-29 18:00', 'once, at 2028-02-29 18:00:00'],
  ['@at 2026-12-24T18:00:30+01:00', 'once, at 2026-12-24 18:00:30+01:00'],
  ['@cron 30 2 * * 1-5', 'by cron: 30 2 * * 1-5'],
  ['@cron 0 30 2 * * MON in Europe/Berlin', 'by cron: 0 30 2 * * MON, by clocks of Europe/Berlin'],
  ['@event nextcloud.saved', 'when the event nextcloud.saved is raised'],
  ['@path ~/Documents/', 'when /home/ada/Documents changes'],
  ['@path /srv/a folder', 'when /srv/a folder changes'],
  ['@volume escapepod', 'when a volume labelled escapepod appears'],
  ['@volume MY DISK', 'when a volume labelled MY DISK appears'],
  ['@boot', 'when the machine starts'],
])('%s is told in words', (text, words) => {
  if (words === undefined) expect(() => parseTrigger(text, HOME)).toThrow('is not a duration')
  else expect(explainTrigger(parseTrigger(text, HOME))).toBe(words)
})

test.each([
  ['', 'is no trigger', '@hourly'],
  ['@dayly', '"@dayly" is no trigger', 'Is @daily meant?'],
  ['daily', '"daily" is no trigger', 'Is @daily meant?'],
  ['@constructor', 'is no trigger', ''],
  ['@daily at 5', '"at 5" is not understood', 'between 1am and 5am'],
  ['@daily between 1 and 5', '"1" is not a time of day', '1am'],
  ['@daily between 1am', 'is not a window', '1am and 5am'],
  ['@daily between 5am and 5am', 'is not a window', 'same time'],
  ['@daily between 25:00 and 5am', '"25:00" is not a time of day', ''],
  ['@daily between 13pm and 5am', '"13pm" is not a time of day', ''],
  ['@daily between 0am and 5am', '"0am" is not a time of day', ''],
  ['@hourly between 1am and 1:30am', 'shorter than the time', 'might never run'],
  ['@every 6h between 1am and 5am', 'shorter than the time', 'might never run'],
  ['@every 30s', 'too often', 'A minute'],
  ['@every 5m', 'is not a duration', '90 min'],
  ['@every 99999999 weeks', 'is not a duration', 'at most a year'],
  ['@weekly on someday', 'names no day of the week', 'sunday'],
  ['@monthly on the 31st', 'names no day that every month has', 'the last day'],
  ['@monthly between 11pm and 2am', 'passes midnight', ''],
  ['@at 25:00', 'is not a time of day', ''],
  ['@at 2026-02-29 18:00', 'there is no moment', ''],
  ['@at 2026-12-24 18:00+99:00', 'there is no moment', ''],
  ['@cron * * * *', 'is no cron expression', 'five fields'],
  ['@cron 61 * * * *', 'Invalid value for minute', 'five fields'],
  ['@cron @daily', 'is no cron expression', 'five fields'],
  ['@cron 0 0 30 2 *', 'names no moment that ever comes', 'five fields'],
  ['@cron 0 0 * * * in Europe/Berlyn', 'is no time zone', 'Europe/Berlin'],
  ['@cron', 'is no cron expression', 'five fields'],
  ['@event', 'is not the name of an event', ''],
  ['@event a/b', 'is not the name of an event', ''],
  ['@path Documents', 'is not an absolute path', '~/'],
  ['@volume', 'is not the label', 'escapepod'],
  ['@volume ../x', 'is not the label', ''],
  ['@boot now', 'means nothing', '@boot alone'],
  [`@event ${'x'.repeat(600)}`, 'too many characters', ''],
])('%s is refused with what is wrong and what to write', (text, what, hint) => {
  let error: unknown
  try {
    parseTrigger(text, HOME)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toMatchObject({
    code: 'BAD_ARGUMENT',
    message: expect.stringContaining(what) as unknown,
    hint: expect.stringContaining(hint) as unknown,
  })
})
