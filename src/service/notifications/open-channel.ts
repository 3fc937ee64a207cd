import type { SecretSource } from '../secret-source.ts'
import type { Channel, ChannelSettings } from './channel.ts'
import { CommandChannel } from './command-channel.ts'
import { EmailChannel } from './email-channel.ts'
import { WebhookChannel } from './webhook-channel.ts'

/** Returns the channel of some settings. `secret` fetches a secret as text from where the configuration says. */
export function openChannel(settings: ChannelSettings, secret: (source: SecretSource) => Promise<string>): Channel {
  switch (settings.kind) {
    case 'email': {
      const { password } = settings
      return new EmailChannel(settings, async () => (password === undefined ? undefined : secret(password)))
    }
    case 'webhook': {
      const { url } = settings
      return new WebhookChannel(async () => (typeof url === 'string' ? url : secret(url)))
    }
    case 'command':
      return new CommandChannel(settings)
  }
}
