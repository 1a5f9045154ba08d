// @roomcast/client/presence: who is in a room, and who types there.
export { withPresence, type Presence, type PresenceOptions, type WithPresence } from './presence.js';
export type { Here, RoomMember, Typist } from './who-is-here.js';
