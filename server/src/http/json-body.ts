// Bodies are JSON, whatever a caller's content type says; what is no JSON or too large is refused by name.
import express, { type RequestHandler } from 'express';

const MIB = 1024 * 1024;

/** Parses ordinary bodies: up to 1 MiB. */
export const ordinaryBody: RequestHandler = express.json({ limit: MIB, type: () => true });

/** Parses the bodies that hold many events: up to 8 MiB. */
export const largeBody: RequestHandler = express.json({ limit: 8 * MIB, type: () => true });
