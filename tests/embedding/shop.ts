// A host application: its own Express application, http.Server, entity, routes and rights, with the platform inside.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRoomcast, type Roomcast, type StoredPolicy } from '@roomcast/server';
import express, { type Express } from 'express';
import { EntitySchema } from 'typeorm';
import type { TestDatabase } from '../support/database.js';
import { testSecret } from '../support/tokens.js';
import { shopCatalogue } from './shop-catalogue.js';

export interface OrderRow {
  id: string;
  shopId: string;
  total: number;
}

export const OrderEntity = new EntitySchema<OrderRow>({
  name: 'Order',
  tableName: 'shop_orders',
  columns: {
    id: { type: 'text', primary: true },
    shopId: { type: 'text', name: 'shop_id' },
    total: { type: 'double precision' },
  },
});

/** Who works in a shop may enter its room; whether there is such a shop is nobody else's business. */
const staffOnly: StoredPolicy = {
  async decide(entrants, query) {
    const rows = await query<{ user_id: string; shop_id: string }>('select user_id, shop_id from shop_staff');
    const works = new Set(rows.map((row) => `${row.user_id} ${row.shop_id}`));
    return entrants.map(({ principal, id }) => (works.has(`${principal.userId} ${id}`) ? 'granted' : 'not_found'));
  },
};

export interface Shop {
  readonly url: string;
  readonly roomcast: Roomcast<typeof shopCatalogue>;
  close(): Promise<void>;
}

export function settingsOf({ env }: TestDatabase): Record<string, string> {
  return { ...env, JWT_SECRET: testSecret, LOG_LEVEL: 'silent', DRAIN_SECONDS: '0' };
}

export async function openShop(database: TestDatabase): Promise<Shop> {
  const roomcast = await createRoomcast({
    catalogue: shopCatalogue,
    settings: settingsOf(database),
    entities: [OrderEntity],
    policies: { shop: staffOnly, agent: { admits: () => 'forbidden' } },
  });
  await roomcast.dataSource.query(`
    create table if not exists shop_orders (id text primary key, shop_id text not null, total double precision not null);
    create table if not exists shop_staff (user_id text, shop_id text, primary key (user_id, shop_id));
    insert into shop_staff values ('ada', '1'), ('bob', '2') on conflict do nothing`);
  const server = createServer(shopApp(roomcast));
  await roomcast.attach(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    roomcast,
    async close() {
      await roomcast.stop();
      await closed(server);
    },
  };
}

function shopApp({ dataSource, broadcaster, router }: Roomcast<typeof shopCatalogue>): Express {
  const app = express();
  app.get('/shop', (_req, res) => void res.json({ shop: 'open' }));
  app.post('/shop/orders', express.json(), async (req, res) => {
    const { id, shopId, total } = req.body as OrderRow;
    try {
      const event = await dataSource.transaction(async (manager) => {
        const order = { shop_id: shopId, order_id: id, total };
        const told = await broadcaster.in(manager).emit('order.placed', order, { tenant: 'default' });
        // A taken id fails here, after the event was emitted.
        await manager.insert(OrderEntity, { id, shopId, total });
        return told;
      });
      res.status(201).json(event);
    } catch {
      res.status(409).json({});
    }
  });
  app.use(router);
  app.use((_req, res) => void res.status(404).json({ shop: 'has no such page' }));
  return app;
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
