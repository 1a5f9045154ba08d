// A webhook call as it is stored. It is read only as far as it must be before the answer: that it is GitHub's form, what
// it is called, and which repository it is about.
import type { IncomingHttpHeaders } from 'node:http';
import { parseInput, RoomcastError } from '@roomcast/protocol';
import { z } from 'zod';
import { repositoryKey } from './repository.js';

export interface Delivery {
  /** The webhook that called; empty when it does not say. A delivery id is shared by several webhooks. */
  readonly hookId: string;
  readonly deliveryId: string;
  /** As in `X-GitHub-Event`. */
  readonly gitHubEvent: string;
  readonly action: string | null;
  /** Empty: it is about no repository. */
  readonly repositoryKey: string;
  /** JSON, as GitHub wrote it. */
  readonly payload: string;
}

const MAX_ACTION = 200;
const printable = /^[\x21-\x7e]{1,200}$/;

const headerFields = z.object({
  'x-github-event': z.string().regex(/^[\w.-]{1,100}$/),
  'x-github-delivery': z.string().regex(printable),
  'x-github-hook-id': z.union([z.literal(''), z.string().regex(printable)]).default(''),
});

const address = z.string().optional().catch(undefined);
const payloadFields = z.looseObject({
  action: z.string().nullable().catch(null),
  repository: z
    .looseObject({ html_url: address, clone_url: address, ssh_url: address, full_name: address })
    .optional()
    .catch(undefined),
});

/**
 * @param body the bytes of the body, in JSON or as a form with the JSON in its field `payload`
 * @throws RoomcastError `bad_request` when a header is missing or the body is not a JSON object
 */
export function readDelivery(headers: IncomingHttpHeaders, body: Buffer): Delivery {
  const named = parseInput(headerFields, headers);
  const payload = payloadText(headers['content-type'] ?? '', body.toString('utf8'));
  const { action, repository } = readPayload(payload);
  return {
    hookId: named['x-github-hook-id'],
    deliveryId: named['x-github-delivery'],
    gitHubEvent: named['x-github-event'],
    // What no column can hold is left out.
    action: action && action.replace(/[\p{Cc}\p{Cs}]/gu, '').slice(0, MAX_ACTION),
    repositoryKey: keyOf(repository ?? {}),
    payload,
  };
}

function payloadText(contentType: string, body: string): string {
  if (/^application\/json\s*(;|$)/i.test(contentType)) return body;
  if (/^application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType)) {
    return new URLSearchParams(body).get('payload') ?? notJson('The form has no field payload.');
  }
  return notJson('The webhook takes application/json and application/x-www-form-urlencoded.');
}

function readPayload(text: string): z.output<typeof payloadFields> {
  const payload = payloadFields.safeParse(parseJson(text));
  return payload.success ? payload.data : notJson('The payload is not a JSON object.');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return notJson('The payload is not JSON.');
  }
}

function notJson(message: string): never {
  throw new RoomcastError('bad_request', message);
}

function keyOf({
  html_url,
  clone_url,
  ssh_url,
  full_name,
}: NonNullable<z.output<typeof payloadFields>['repository']>): string {
  const addresses = [html_url, clone_url, ssh_url, full_name && `https://github.com/${full_name}`];
  return addresses.map((each) => each && repositoryKey(each)).find(Boolean) ?? '';
}
