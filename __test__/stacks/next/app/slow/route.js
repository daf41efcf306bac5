export const dynamic = 'force-dynamic';

/** An answer in parts. */
export async function GET() {
  const body = new ReadableStream({
    async start(controller) {
      const say = (text) => controller.enqueue(new TextEncoder().encode(text));
      for (let i = 0; i < 5; i++) {
        say(`part ${i}, `);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      say(`worker ${process.pid}`);
      controller.close();
    },
  });
  return new Response(body);
}
