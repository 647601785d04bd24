/** API.md as types: what the server says, word for word. */
export * from './types/values';
export * from './types/sensitivity';
export * from './types/presentation';
export * from './types/past';
export * from './types/acting';
export * from './types/futures';
export * from './types/groups';
export * from './types/mathematics';
export * from './types/live';
export * from './types/tracing';
