// The client that document 001 prints, line by line; only host and types are others.
import { BrowserWebSocket } from '../support/dialect-client.js';

export class ProjectWebSocket {
  private ws: BrowserWebSocket | null = null;
  private timer: NodeJS.Timeout | undefined;
  private readonly projectId: string;
  private readonly token: string;

  constructor(
    private readonly host: string,
    projectId: string,
    token: string,
    private readonly pingEveryMs = 30_000,
  ) {
    this.projectId = projectId;
    this.token = token;
  }

  /** @param onBroken what a page would see of an error in its handler: a pong is no JSON */
  connect(onMessage: (data: Record<string, unknown>) => void, onBroken: (text: string) => void): Promise<void> {
    const url = `${this.host}/ws/projects/${this.projectId}?token=${this.token}`;
    this.ws = new BrowserWebSocket(url);
    const opened = new Promise<void>((resolve) => {
      this.ws!.onopen = () => {
        // Send periodic ping to keep alive
        this.timer = setInterval(() => {
          this.ws?.send('ping');
        }, this.pingEveryMs);
        resolve();
      };
    });

    this.ws.onmessage = (event) => {
      const text = event.data as string;
      try {
        const data = JSON.parse(text) as Record<string, unknown>;
        onMessage(data);
      } catch {
        onBroken(text);
      }
    };
    return opened;
  }

  disconnect(): void {
    clearInterval(this.timer);
    this.ws?.close();
  }
}
