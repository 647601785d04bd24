import { readFileSync, writeFileSync, mkdirSync, existsSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { control, writeFrame, KIND } from '../src/wire/frames';
import { now, SPEED } from './clock';
import { serve, type Link } from './live';
import { heartGlb } from './scene/heart';
import { pumpGlb } from './scene/pump';
import { Socket } from './socket';
import * as heart from './world/heart';
import * as pumps from './world/pumps';
import { wall } from './world/wall';

export const POLICY =
  "default-src 'self'; img-src 'self' blob: data:; connect-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const SEQ = 88102;

/** Serves API.md with invented numbers: for looking at the page, never shipped. */
export function mock(): Plugin {
  return {
    name: 'pollux-mock',
    configureServer: (server) => void attach(server.middlewares, server.httpServer as Server | null),
    configurePreviewServer: (server) => {
      server.middlewares.use((_request, response, next) => {
        response.setHeader('Content-Security-Policy', POLICY);
        response.setHeader('X-Content-Type-Options', 'nosniff');
        response.setHeader('Referrer-Policy', 'no-referrer');
        next();
      });
      attach(server.middlewares, server.httpServer as Server);
    },
  };
}

interface Middlewares {
  use(handler: (request: IncomingMessage, response: ServerResponse, next: () => void) => void): void;
}

function attach(middlewares: Middlewares, http: Server | null): void {
  middlewares.use((request, response, next) => {
    const url = new URL(request.url ?? '/', 'http://mock');
    if (!url.pathname.startsWith('/api/v1/')) return next();
    void answer(request, response, url);
  });
  http?.on('upgrade', (request, stream) => {
    if (request.url?.startsWith('/api/v1/live')) serve(new Socket(request, stream));
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const path = url.pathname.slice('/api/v1/'.length);
  if (path === 'live/events') return events(request, response, url);
  if (request.method === 'POST' || request.method === 'DELETE') return post(response, path, await body(request));
  const found = find(path, url.searchParams);
  if (found instanceof Uint8Array) {
    response.setHeader('Content-Type', path.endsWith('.glb') ? 'model/gltf-binary' : 'application/octet-stream');
    response.end(found);
  } else if (found === undefined) problem(response, signedIn ? 404 : 401);
  else {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(found));
  }
}

/** The fall-back: the same messages in base64. */
function events(request: IncomingMessage, response: ServerResponse, url: URL): void {
  response.setHeader('Content-Type', 'text/event-stream');
  const link: Link = { send: (bytes) => void response.write(`data: ${Buffer.from(bytes).toString('base64')}\n\n`), onmessage: () => undefined, onclose: () => undefined };
  serve(link);
  const watch = JSON.parse(Buffer.from(url.searchParams.get('watch') ?? '', 'base64url').toString()) as object;
  link.onmessage(control({ is: 'watch', ...watch }));
  request.on('close', () => link.onclose());
}

async function body(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text ? (JSON.parse(text) as Record<string, unknown>) : {};
}

let signedIn = process.env.MOCK_SIGN_IN !== '1';

function post(response: ServerResponse, path: string, said: Record<string, unknown>): void {
  if (path === 'session') signedIn = true;
  if (path.endsWith('/forks')) heart.run();
  if (path.endsWith('/checks')) return void response.end(JSON.stringify(heart.check()));
  heart.act(path, said);
  response.statusCode = 204;
  response.end();
}

function problem(response: ServerResponse, status: 401 | 404): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/problem+json');
  response.end(JSON.stringify({ title: status === 401 ? 'Not signed in' : 'Not found', status, detail: status === 401 ? 'Sign in first.' : 'There is nothing here, or it is not yours.', at: null, hint: null }));
}

type Query = URLSearchParams;

function find(path: string, query: Query): unknown {
  if (path === 'session') return signedIn ? session() : undefined;
  if (path === 'twins') return list();
  if (path === 'wall') return wall();
  if (path === 'alarms') return query.get('twin')?.startsWith('Pump') ? { summary: '', alarms: [] } : heart.alarms();
  if (path === 'fleets/Pump') return pumps.fleet();
  if (path === 'forks/F-12') return heart.fork();
  if (path === 'forks/F-77') return pumps.fork('Pump/P-7');
  const twin = /^twins\/([^/]+\/[^/]+)\/?(.*)$/.exec(path);
  if (!twin) return undefined;
  if (twin[1]!.startsWith('Pump/')) return ofPump(twin[1]!, twin[2]!, query);
  return twin[1] === heart.HEART ? ofHeart(twin[2]!, query) : undefined;
}

function moment(query: Query): number {
  return Number(query.get('at') ?? now());
}

function ofHeart(what: string, query: Query): unknown {
  const fields = (query.get('fields') ?? '').split(',');
  const answers: Record<string, () => unknown> = {
    '': () => heart.state(moment(query), SEQ),
    view: () => heart.view,
    history: () => heart.history(fields, Number(query.get('from')), Number(query.get('to')), SEQ),
    marks: () => heart.marks(),
    forks: () => ({ forks: [{ id: 'F-12', title: heart.fork().title, made: heart.fork().made, state: 'done', kept: true }] }),
    advice: () => heart.advice(),
    commands: () => heart.orders(),
    refusals: () => heart.refusals(),
    scores: () => heart.scores(),
    'scene.glb': () => cached('heart', heartGlb),
    cycle: () => {
      const { values, dt } = heart.cycle(fields, query.get('fork') ? 82 : 79);
      return writeFrame({ kind: KIND.cycle, channel: 0, seq: SEQ, t0: 0, dt, values, times: null, sigma: null, lo: null, hi: null, quality: null });
    },
  };
  return answers[what]?.();
}

function ofPump(twin: string, what: string, query: Query): unknown {
  const fields = (query.get('fields') ?? '').split(',');
  const answers: Record<string, () => unknown> = {
    '': () => pumps.state(twin, moment(query), SEQ),
    view: () => pumps.view(twin),
    history: () => pumps.history(twin, fields, Number(query.get('from')), Number(query.get('to'))),
    marks: () => pumps.marks(),
    forks: () => ({ forks: [{ id: 'F-77', title: '30 days', made: now(), state: 'done', kept: true }] }),
    advice: () => ({ cards: [] }),
    commands: () => ({ orders: [] }),
    refusals: () => pumps.refusals(twin),
    scores: () => ({ at: now(), scores: [] }),
    'scene.glb': () => cached('pump', pumpGlb),
  };
  return answers[what]?.();
}

/** The models take seconds to make: they are kept beside the dependencies. */
function cached(name: string, make: () => Uint8Array): Uint8Array {
  const folder = join(import.meta.dirname ?? '.', '..', 'node_modules', '.cache', 'pollux-mock');
  const file = join(folder, `${name}.glb`);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(file)) writeFileSync(file, make());
  return readFileSync(file);
}

function session(): object {
  const pump = process.env.MOCK_HOME === 'pump';
  return {
    person: pump ? 'shift engineer' : 'cardiologist on duty', rights_text: pump ? 'may send orders to lines 1 to 20' : 'may sign plan changes', tenant: 'Heart clinic', mode: 'act', view: 'full',
    home: pump ? 'fleets/Pump' : `twins/${heart.HEART}`, panels: [], notice: null, now: now(), speed: SPEED, zone: 'UTC', version: 'mock',
  };
}

function list(): object {
  return {
    twins: [
      { twin: heart.HEART, title: 'Patient H-0417', subtitle: 'man, 62', severity: 'high', text: 'Oxygen saturation was 88 % for 2 minutes', online: true, since: now() - 1 },
      { twin: 'Pump/P-7', title: 'P-7', subtitle: 'line 1', severity: 'medium', text: 'Wears fast since 11 Nov', online: true, since: now() },
      { twin: 'Pump/P-8811', title: 'P-8811', subtitle: 'line 18', severity: null, text: null, online: false, since: now() - 16200 },
    ],
    next: null, types: [{ type: 'Heart', title: 'Hearts', count: 1 }, { type: 'Pump', title: 'Pumps', count: 10000 }],
  };
}
