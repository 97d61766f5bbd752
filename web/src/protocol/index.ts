/** The one door to the wire types: everything else imports them from here, never from the generated file. */
export * from './generated';
