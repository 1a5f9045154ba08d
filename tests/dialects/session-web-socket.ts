// The client that document 000 prints, line by line; only host, types and the console are others.
import { BrowserWebSocket } from '../support/dialect-client.js';

interface Dispatch {
  (action: { type: string; payload: unknown }): void;
}

export class WebSocketClient {
  private ws: BrowserWebSocket | null = null;
  private reconnectAttempts = 0;
  private readonly maxReconnectAttempts = 5;

  constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly dispatch: Dispatch,
    private readonly reconnectDelay = 3_000,
  ) {}

  connect(sessionId: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const wsUrl = `${this.url}/sessions/${sessionId}?token=${this.token}`;
      this.ws = new BrowserWebSocket(wsUrl);

      this.ws.onopen = () => {
        this.reconnectAttempts = 0;
        this.dispatch({ type: 'setWsConnected', payload: true });

        // Send join message
        this.send({
          action: 'join',
          sessionId,
          timestamp: new Date().toISOString(),
        });

        resolve();
      };

      this.ws.onmessage = (event) => {
        const message = JSON.parse(event.data as string) as { type: string; data: Record<string, unknown> };
        this.handleMessage(message);
      };

      this.ws.onerror = (error) => {
        this.dispatch({ type: 'setWsConnected', payload: false });
        reject(new Error(error.message));
      };

      this.ws.onclose = () => {
        this.dispatch({ type: 'setWsConnected', payload: false });
        this.attemptReconnect(sessionId);
      };
    });
  }

  private handleMessage(message: { type: string; data: Record<string, unknown> }): void {
    const { type, data } = message;

    switch (type) {
      case 'session_state':
        // Initial session state
        this.dispatch({ type: 'setCurrentSession', payload: data.session });
        (data.messages as unknown[]).forEach((msg) => {
          this.dispatch({ type: 'addMessage', payload: msg });
        });
        break;

      case 'user_message':
        this.dispatch({ type: 'addMessage', payload: data });
        break;

      case 'agent_response':
        this.dispatch({ type: 'addMessage', payload: data });
        break;

      case 'user_typing':
        this.dispatch({ type: 'typing', payload: data });
        break;

      case 'user_joined':
        this.dispatch({
          type: 'addNotification',
          payload: `${String(data.username)} joined the session`,
        });
        break;

      case 'error':
        this.dispatch({
          type: 'addNotification',
          payload: data.message ?? 'An error occurred',
        });
        break;

      default:
        this.dispatch({ type: 'unknown', payload: message });
    }
  }

  send(message: object): void {
    if (this.ws && this.ws.readyState === BrowserWebSocket.OPEN) {
      this.ws.send(JSON.stringify(message));
    } else {
      throw new Error('WebSocket is not connected');
    }
  }

  sendMessage(sessionId: string, content: string): void {
    this.send({
      action: 'message',
      sessionId,
      data: { content },
      timestamp: new Date().toISOString(),
    });
  }

  indicateTyping(sessionId: string, userId: string, username: string): void {
    this.send({
      action: 'typing',
      sessionId,
      userId,
      username,
      timestamp: new Date().toISOString(),
    });
  }

  disconnect(): void {
    if (this.ws) {
      // A page that is left sees no more of its socket.
      this.ws.onclose = null;
      this.ws.close();
      this.ws = null;
    }
  }

  private attemptReconnect(sessionId: string): void {
    if (this.reconnectAttempts < this.maxReconnectAttempts) {
      this.reconnectAttempts++;
      setTimeout(() => {
        this.connect(sessionId).catch(() => {});
      }, this.reconnectDelay);
    }
  }
}
