// Generated from the Rust types by `cargo xtask gen`. Do not edit.

/**
 * Say that one has read up to here.
 */
export type AckMessage = {
/**
 * Where.
 */
channelId: ChannelId,
/**
 * The last message that one has read; one past the head counts as the head.
 */
messageId: MessageId, };

/**
 * Let people into a private channel that one owns. Whoever is in already stays as they are.
 */
export type AddMembers = {
/**
 * Which.
 */
channelId: ChannelId,
/**
 * Whom, 1 to `ADD_MAX`; one whose account is disabled is `NOT_FOUND`, as an unknown one is.
 */
userIds: Array<UserId>, };

/**
 * Body of `POST /api/password`.
 */
export type ChangePassword = {
/**
 * The password until now. Any text is taken, as at sign-in.
 */
current: Secret,
/**
 * The password from now on.
 */
new: Password, };

/**
 * A channel as one person sees it.
 */
export type Channel = {
/**
 * Identity.
 */
id: ChannelId,
/**
 * Its name; null for a direct conversation.
 */
name: ChannelName | null,
/**
 * Who may find and join it. Direct conversations are private.
 */
type: ChannelType,
/**
 * Whether it is the direct conversation of a fixed set of people.
 */
direct: boolean,
/**
 * What it is about.
 */
topic: Topic | null,
/**
 * The other people of a direct conversation; empty for every other channel.
 */
users: Array<UserId>,
/**
 * How many members it has.
 */
userCount: number,
/**
 * How many messages the reader has not read: `seq` less `readUpTo`. 0 for whoever is not a member.
 */
unreadCount: number,
/**
 * The newest message's place; 0 while there is none.
 */
seq: number,
/**
 * How many changes its messages have seen.
 */
rev: number,
/**
 * The place up to which the reader has read; 0 for nothing.
 */
readUpTo: number,
/**
 * When the newest message was sent.
 */
lastMessageAt: Time | null,
/**
 * What the reader is in it; null for whoever is not a member.
 */
role: Role | null, };

/**
 * Identity of a channel or direct conversation: a UUIDv7.
 */
export type ChannelId = string;

/**
 * Somebody as a member of a channel.
 */
export type ChannelMember = {
/**
 * Identity.
 */
id: UserId,
/**
 * The name that they sign in with.
 */
username: Username,
/**
 * How they want to be called.
 */
displayName: DisplayName,
/**
 * Whether they are here now.
 */
isOnline: boolean,
/**
 * What they are in the channel.
 */
role: Role,
/**
 * The place up to which they have read; 0 for nothing.
 */
readUpTo: number, };

/**
 * A channel's name, in NFKC: letters, digits, `.`, `_`, `-` and single inner spaces.
 */
export type ChannelName = string;

/**
 * Orders of a list of channels.
 */
export type ChannelOrder = "name:asc";

/**
 * Who may find and join a channel.
 */
export type ChannelType = "public" | "private";

/**
 * What is the same of a channel for everybody in it. The rest of a `Channel` is about one person, and what
 * happens to it has events of its own.
 */
export type ChannelUpdate = {
/**
 * Identity.
 */
id: ChannelId,
/**
 * Its name; null for a direct conversation.
 */
name: ChannelName | null,
/**
 * Who may find and join it.
 */
type: ChannelType,
/**
 * What it is about.
 */
topic: Topic | null,
/**
 * How many members it has.
 */
userCount: number,
/**
 * What the reader is in it from now on; there only where that is what changed.
 */
role?: Role, };

/**
 * The sender's own name for a message, by which a repeated send is known. Opaque to the server.
 */
export type ClientId = string;

/**
 * Why a command was refused. `UNAVAILABLE` and `INTERNAL` mean that the outcome is unknown: repeat with the same
 * `clientId`. Every other code means that nothing changed.
 */
export type Code = "UNAUTHENTICATED" | "FORBIDDEN" | "NOT_FOUND" | "INVALID" | "CONFLICT" | "RATE_LIMITED" | "BUSY" | "UNAVAILABLE" | "INTERNAL";

/**
 * What a message says. Stored and shown as the text that it is.
 */
export type Content = string;

/**
 * Make a channel and become its owner.
 */
export type CreateChannel = {
/**
 * Its name: no public channel may have one that is or looks the same.
 */
name: ChannelName,
/**
 * Who may find and join it; public if absent.
 */
type?: ChannelType,
/**
 * What it is about.
 */
topic?: Topic, };

/**
 * One thing.
 */
export type Data<T> = {
/**
 * The thing.
 */
data: T, };

/**
 * Take a message back: of one's own, or as the channel's owner. Its place stays, without what it said. To delete
 * what is deleted changes nothing.
 */
export type DeleteMessage = {
/**
 * Where.
 */
channelId: ChannelId,
/**
 * Which message.
 */
messageId: MessageId, };

/**
 * How a user wants to be called; need not be unique.
 */
export type DisplayName = string;

/**
 * The server is about to stop.
 */
export type Draining = {
/**
 * When to come back, in milliseconds.
 */
retryAfterMs: number, };

/**
 * Say something else in a message of one's own. To say what it says already changes nothing.
 */
export type EditMessage = {
/**
 * Where.
 */
channelId: ChannelId,
/**
 * Which message.
 */
messageId: MessageId,
/**
 * What it is to say.
 */
content: Content, };

/**
 * A reply without anything to say.
 */
export type Empty = object;

/**
 * Names one life of the database's contents: a UUIDv7 that is made with the database and again by a restore.
 * Another epoch than the one it knew makes a client drop its cache.
 */
export type Epoch = string;

/**
 * A refusal. Serialises as `{code, message, errors?, retryAfterMs?}`; its source goes to the log only.
 */
export type ErrorBody = { code: Code, message: string, errors?: Array<FieldError>, retryAfterMs?: number, };

/**
 * What is wrong with one field of a request.
 */
export type FieldError = {
/**
 * Where, such as `name` or `userIds[3]`; empty for the request as a whole.
 */
path: string,
/**
 * What kind of mistake: `invalid`, `required`, `unknown`, `taken`, `wrong` (a password), `disabled` (an account).
 */
code: string,
/**
 * The mistake in words.
 */
message: string, };

/**
 * A page of channels, and how many there are beside it.
 */
export type FoundChannels = {
/**
 * The channels.
 */
data: Array<Channel>,
/**
 * Whether more follow after the last of them.
 */
hasMore: boolean,
/**
 * How many were found in all; 1000 stands for that many or more.
 */
count: number, };

/**
 * One person, or a list of them; and from now on their comings and goings. One of the two fields must be there.
 */
export type GetUser = {
/**
 * One person: an unknown one is `NOT_FOUND`.
 */
userId?: UserId,
/**
 * At most `USERS_MAX` people: unknown ones are left out.
 */
userIds?: Array<UserId>, };

/**
 * How far a channel has come.
 */
export type Head = {
/**
 * The newest message's place.
 */
seq: number,
/**
 * The count of changes.
 */
rev: number, };

/**
 * The first event on every socket.
 */
export type Hello = {
/**
 * The server's version.
 */
version: string,
/**
 * The build of the web client that it serves.
 */
webBuild: string, };

/**
 * A page of messages and the channel's `rev` from before they were read: a cursor below it must sync from there.
 */
export type History = {
/**
 * The messages.
 */
data: Array<Message>,
/**
 * Whether more follow, for want of room in the page or in the answer.
 */
hasMore: boolean,
/**
 * The channel's count of changes before the messages were read.
 */
rev: number, };

/**
 * Become a member of a public channel.
 */
export type JoinChannel = {
/**
 * Which.
 */
channelId: ChannelId, };

/**
 * Stop being a member.
 */
export type LeaveChannel = {
/**
 * Which.
 */
channelId: ChannelId, };

/**
 * One's own membership ended.
 */
export type Left = {
/**
 * Where.
 */
channelId: ChannelId, };

/**
 * One's own channels, direct conversations last.
 */
export type ListChannels = {
/**
 * How many at most; 10 if absent.
 */
size?: PageSize,
/**
 * The order; by name if absent.
 */
orderBy?: ChannelOrder,
/**
 * The last channel of the page before.
 */
after?: ChannelId, };

/**
 * Who is in a channel, the first to sign up first; and from now on their comings and goings.
 */
export type ListMembers = {
/**
 * Which.
 */
channelId: ChannelId,
/**
 * How many at most; 10 if absent.
 */
size?: PageSize,
/**
 * The last person of the page before.
 */
after?: UserId, };

/**
 * A page of a channel's messages.
 */
export type ListMessages = {
/**
 * Where.
 */
channelId: ChannelId,
/**
 * The last message of the page before.
 */
after?: MessageId,
/**
 * How many at most; 10 if absent.
 */
size?: PageSize,
/**
 * The order; oldest first if absent.
 */
orderBy?: MessageOrder, };

/**
 * Body of `POST /api/login`. Any text is taken, so that a wrong name and a wrong password are refused alike.
 */
export type LogIn = {
/**
 * The user name.
 */
username: string,
/**
 * The password.
 */
password: Secret, };

/**
 * Somebody's membership began or ended.
 */
export type Member = {
/**
 * Where.
 */
channelId: ChannelId,
/**
 * Who.
 */
userId: UserId, };

/**
 * A message as everybody in its channel sees it.
 */
export type Message = {
/**
 * Identity within the channel: its place, as a decimal string.
 */
id: MessageId,
/**
 * Where it stands.
 */
channelId: ChannelId,
/**
 * Who wrote it. One's own message moves one's read mark.
 */
from: UserId,
/**
 * What it says; empty once it is deleted.
 */
content: string,
/**
 * When it was sent.
 */
createdAt: Time,
/**
 * The channel's count of changes at this message's last one.
 */
rev: number,
/**
 * The sender's own name for it.
 */
clientId?: ClientId,
/**
 * The message that it answers.
 */
replyTo?: MessageId,
/**
 * When its content was last replaced.
 */
editedAt?: Time,
/**
 * When it was deleted.
 */
deletedAt?: Time, };

/**
 * A message's place in its channel, and with the channel its identity: 1, 2, 3 … without gaps.
 * On the wire a decimal string.
 */
export type MessageId = string;

/**
 * Orders of a list of messages.
 */
export type MessageOrder = "id:asc" | "id:desc";

/**
 * The answer of `GET /api/meta`: what one may know before signing in.
 */
export type Meta = {
/**
 * What the server is called.
 */
name: string,
/**
 * Its version.
 */
version: string,
/**
 * The build of the web client that it serves: another than the running one asks for a reload.
 */
webBuild: string,
/**
 * Who may sign up.
 */
signup: SignUpMode,
/**
 * Whether nobody has an account yet: the first one will own the server.
 */
empty: boolean,
/**
 * Whether that first one needs the setup code from the server's log.
 */
setupCode: boolean,
/**
 * How many have an account and are not disabled, counted up to a thousand; only where everybody may sign up.
 */
members: number | null,
/**
 * Whether the request comes from a living session, so that `GET /api/self` has somebody to tell of.
 */
signedIn: boolean, };

/**
 * Oneself: the answer of `POST /api/signup`, `POST /api/login` and `GET /api/self`.
 */
export type OwnUser = {
/**
 * Identity.
 */
id: UserId,
/**
 * The name to sign in with.
 */
username: Username,
/**
 * How to be called.
 */
displayName: DisplayName,
/**
 * What one is on this server.
 */
role: ServerRole,
/**
 * What one has set for oneself.
 */
settings: Settings, };

/**
 * A page of things.
 */
export type Page<T> = {
/**
 * The things, in the order that was asked for.
 */
data: Array<T>,
/**
 * Whether more follow after the last of them.
 */
hasMore: boolean, };

/**
 * How many rows a page shall hold: 1 to `PAGE_MAX`.
 */
export type PageSize = number;

/**
 * A password as it was typed. Serialises nowhere and shows itself to no log.
 */
export type Password = string;

/**
 * How somebody is called.
 */
export type Profile = {
/**
 * Identity.
 */
id: UserId,
/**
 * The name that they sign in with.
 */
username: Username,
/**
 * How they want to be called.
 */
displayName: DisplayName, };

/**
 * The direct conversation with exactly these people, made if it does not exist and none of their accounts is
 * disabled.
 */
export type ReachUsers = {
/**
 * The others, 1 to `REACH_MAX`; oneself does not count.
 */
userIds: Array<UserId>, };

/**
 * How far people have read.
 */
export type ReadMarks = {
/**
 * Where.
 */
channelId: ChannelId,
/**
 * The last message that each has read.
 */
marks: { [key in UserId]: MessageId }, };

/**
 * Put somebody out of a private channel that one owns.
 */
export type RemoveMember = {
/**
 * Which.
 */
channelId: ChannelId,
/**
 * Whom; oneself leaves with `channel:leave`.
 */
userId: UserId, };

/**
 * A channel's count of changes to its messages, and a client's cursor in it: the highest one up to which it holds
 * everything. Each new or changed message takes the next.
 */
export type Rev = number;

/**
 * What somebody is in a channel.
 */
export type Role = "owner" | "member";

/**
 * Public channels that one is not in yet, by the beginning of their name.
 */
export type SearchChannels = {
/**
 * The beginning of the name; all if absent.
 */
q?: SearchText,
/**
 * How many at most; 10 if absent.
 */
size?: PageSize,
/**
 * The order; by name if absent.
 */
orderBy?: SearchOrder, };

/**
 * Orders of a search for channels.
 */
export type SearchOrder = "name:asc" | "activity:desc";

/**
 * The beginning of a name that somebody looks for. May be empty: everything.
 */
export type SearchText = string;

/**
 * Other people, by the beginning of either of their names; without those whose account is disabled.
 */
export type SearchUsers = {
/**
 * The beginning of a name; all if absent.
 */
q?: SearchText,
/**
 * How many at most; 10 if absent.
 */
size?: PageSize,
/**
 * With those too with whom one has a direct conversation already.
 */
all?: boolean, };

/**
 * A password of any shape, as sign-in takes it. Serialises nowhere and shows itself to no log.
 */
export type Secret = string;

/**
 * Say something in a channel. With a `clientId` it can be repeated without being said twice.
 */
export type SendMessage = {
/**
 * Where.
 */
channelId: ChannelId,
/**
 * What.
 */
content: Content,
/**
 * The sender's own name for this message.
 */
clientId?: ClientId,
/**
 * The message that this one answers.
 */
replyTo?: MessageId, };

/**
 * Where a message came to stand: the same for ever for the same `clientId`.
 */
export type Sent = {
/**
 * Identity within the channel.
 */
id: MessageId,
/**
 * The same as a number.
 */
seq: number,
/**
 * The channel's count of changes when it was sent.
 */
rev: number,
/**
 * When it was sent.
 */
createdAt: Time,
/**
 * Set to true where this `clientId` had been sent before and nothing was stored.
 */
repeated?: boolean, };

/**
 * What somebody is on the server as a whole.
 */
export type ServerRole = "owner" | "member";

/**
 * Public identity of a signed-in device: a UUIDv7. Not the secret that the device holds.
 */
export type SessionId = string;

/**
 * A signed-in device, as `GET /api/sessions` lists it.
 */
export type SessionInfo = {
/**
 * Identity; not the secret that the device holds.
 */
id: SessionId,
/**
 * When it signed in.
 */
createdAt: Time,
/**
 * When it was last seen, to within a few minutes.
 */
lastUsedAt: Time,
/**
 * From which address.
 */
address: string,
/**
 * What it said it is (`User-Agent`).
 */
agent: string,
/**
 * Whether it is the one that asks.
 */
current: boolean, };

/**
 * The answer of `GET /api/sessions`.
 */
export type SessionList = {
/**
 * One's own, the last used first.
 */
sessions: Array<SessionInfo>, };

/**
 * Say that one is writing, or no more. Said again every few seconds; ends by itself after six.
 */
export type SetTyping = {
/**
 * Where.
 */
channelId: ChannelId,
/**
 * Whether one is writing.
 */
isTyping: boolean, };

/**
 * What somebody has set for themselves. Nothing can be set yet.
 */
export type Settings = object;

/**
 * Body of `POST /api/signup`.
 */
export type SignUp = {
/**
 * The name to sign in with.
 */
username: Username,
/**
 * The password to sign in with.
 */
password: Password,
/**
 * How to be called; the user name if absent.
 */
displayName?: DisplayName,
/**
 * What a member handed out, where sign-up is by invitation.
 */
inviteCode?: string,
/**
 * What the server printed at its start, for the first account of a server that others can reach.
 */
setupCode?: string, };

/**
 * Who may make an account. The first one is made in every mode: somebody must own the server.
 */
export type SignUpMode = "open" | "invite" | "closed";

/**
 * What one missed since these revs.
 */
export type SyncMessages = {
/**
 * The client's cursors, at most `SYNC_CHANNELS_MAX`.
 */
channels: { [key in ChannelId]: Rev }, };

/**
 * What was missed.
 */
export type Synced = {
/**
 * Another than the one known: drop the cache.
 */
epoch: Epoch,
/**
 * Per channel of the request.
 */
channels: { [key in ChannelId]: SyncedChannel },
/**
 * Channels that did not fit: ask again for these.
 */
again: Array<ChannelId>,
/**
 * Channels of the request that one is not in.
 */
left: Array<ChannelId>,
/**
 * Own channels that the request did not name.
 */
joined: Array<Channel>, };

/**
 * What was missed in one channel.
 */
export type SyncedChannel = {
/**
 * Every message that changed since the given rev, in order of rev.
 */
messages: Array<Message>,
/**
 * How far this answer brings the cursor. Where the channel is in `again` too, its `rev` is that of the last
 * message here.
 */
head: Head,
/**
 * The channel as it is now.
 */
channel: Channel,
/**
 * Too much was missed, or the cursor is ahead of the channel: `messages` is empty, reload the newest page.
 */
truncated: boolean, };

/**
 * A point in time: whole milliseconds since the Unix epoch.
 */
export type Time = number;

/**
 * What a channel is about, in one line. May be empty.
 */
export type Topic = string;

/**
 * Somebody is writing, or no more.
 */
export type Typing = {
/**
 * Where.
 */
channelId: ChannelId,
/**
 * Who.
 */
userId: UserId,
/**
 * Whether they are writing.
 */
isTyping: boolean, };

/**
 * Give a channel that one owns another name or topic. At least one of the two must be there.
 */
export type UpdateChannel = {
/**
 * Which.
 */
channelId: ChannelId,
/**
 * Its new name. `General` keeps its own: clients know the channel that everybody is in by it.
 */
name?: ChannelName,
/**
 * What it is about from now on; empty for nothing.
 */
topic?: Topic, };

/**
 * Go by another name.
 */
export type UpdateUser = {
/**
 * How to be called from now on.
 */
displayName?: DisplayName, };

/**
 * Somebody as others see them.
 */
export type User = {
/**
 * Identity.
 */
id: UserId,
/**
 * The name that they sign in with.
 */
username: Username,
/**
 * How they want to be called.
 */
displayName: DisplayName,
/**
 * Whether they are here now.
 */
isOnline: boolean, };

/**
 * Identity of a person's account: a UUIDv7.
 */
export type UserId = string;

/**
 * A user's name, in NFKC: letters, digits, `.`, `_`, `-`.
 */
export type Username = string;

/**
 * One person or a list of them, as was asked.
 */
export type Users = User | Array<User>;

/** Every command: what it takes, and what its answer holds beside `status: "OK"`. */
export interface Commands {
  "channel:create": { payload: CreateChannel; reply: Data<Channel> };
  "channel:update": { payload: UpdateChannel; reply: Data<Channel> };
  "channel:join": { payload: JoinChannel; reply: Data<Channel> };
  "channel:leave": { payload: LeaveChannel; reply: Empty };
  "channel:add": { payload: AddMembers; reply: Data<Channel> };
  "channel:remove": { payload: RemoveMember; reply: Data<Channel> };
  "user:reach": { payload: ReachUsers; reply: Data<Channel> };
  "user:update": { payload: UpdateUser; reply: Data<OwnUser> };
  "message:send": { payload: SendMessage; reply: Data<Sent> };
  "message:edit": { payload: EditMessage; reply: Data<Message> };
  "message:delete": { payload: DeleteMessage; reply: Data<Message> };
  "message:ack": { payload: AckMessage; reply: Empty };
  "channel:list": { payload: ListChannels; reply: Page<Channel> };
  "channel:search": { payload: SearchChannels; reply: FoundChannels };
  "channel:members": { payload: ListMembers; reply: Page<ChannelMember> };
  "user:get": { payload: GetUser; reply: Data<Users> };
  "user:search": { payload: SearchUsers; reply: Page<User> };
  "message:list": { payload: ListMessages; reply: History };
  "message:sync": { payload: SyncMessages; reply: Data<Synced> };
  "message:typing": { payload: SetTyping; reply: Empty };
}

export type CommandName = keyof Commands;

/** A refusal: `UNAVAILABLE` and `INTERNAL` leave the outcome unknown, with every other code nothing changed. */
export type ErrorAnswer = { status: "ERROR" } & ErrorBody;

/** The one answer that a command gets. */
export type Answer<C extends CommandName> = ({ status: "OK" } & Commands[C]["reply"]) | ErrorAnswer;

/** Every event: its name and its one argument. */
export type ServerEvent =
  | { name: "message:sent"; data: Message }
  | { name: "message:updated"; data: Message }
  | { name: "message:typing"; data: Typing }
  | { name: "message:read"; data: ReadMarks }
  | { name: "channel:created"; data: Channel }
  | { name: "channel:joined"; data: Channel }
  | { name: "channel:updated"; data: ChannelUpdate }
  | { name: "channel:left"; data: Left }
  | { name: "member:joined"; data: Member }
  | { name: "member:left"; data: Member }
  | { name: "user:connected"; data: UserId }
  | { name: "user:disconnected"; data: UserId }
  | { name: "user:updated"; data: Profile }
  | { name: "heads"; data: { [key in ChannelId]: Head } }
  | { name: "server:hello"; data: Hello }
  | { name: "server:draining"; data: Draining };

export type EventName = ServerEvent["name"];

/** Every event's name. */
export const EVENT_NAMES = ["message:sent", "message:updated", "message:typing", "message:read", "channel:created", "channel:joined", "channel:updated", "channel:left", "member:joined", "member:left", "user:connected", "user:disconnected", "user:updated", "heads", "server:hello", "server:draining"] as const satisfies readonly EventName[];

/** Every code of a refusal. */
export const CODES = ["UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "INVALID", "CONFLICT", "RATE_LIMITED", "BUSY", "UNAVAILABLE", "INTERNAL"] as const satisfies readonly Code[];

/** Bounds that the server keeps. Lengths count Unicode scalar values. */
export const LIMITS = {
  username: { min: 2, max: 32 },
  channelName: { min: 2, max: 32 },
  displayName: { min: 1, max: 64 },
  topic: { min: 0, max: 250 },
  password: { min: 8, max: 128 },
  content: { min: 1, max: 5000 },
  search: { min: 0, max: 64 },
  clientId: { min: 1, max: 64 },
  page: { min: 1, max: 100 },
  users: { min: 1, max: 100 },
  reach: { min: 1, max: 8 },
  add: { min: 1, max: 100 },
  syncChannels: { min: 0, max: 500 },
  members: { min: 0, max: 1000 },
  foundChannels: { min: 0, max: 1000 },
} as const;
