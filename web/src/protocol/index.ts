/** The one door to the wire types: everything else imports them from here, never from the generated file. */
export type { Channel, ErrorCode, FieldError, Message, Meta, OwnUser, User } from './provisional';
