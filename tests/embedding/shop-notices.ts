// A file of the host application that has been handed nothing: it finds the platform of the process by itself.
import { getBroadcaster } from '@roomcast/server';
import { shopCatalogue } from './shop-catalogue.js';

export async function postNotice(shopId: string, text: string): Promise<string> {
  const rooms = [`shop:${shopId}`];
  return (await getBroadcaster(shopCatalogue).emit('notice.posted', { text }, { rooms })).id;
}
