export const dynamic = 'force-dynamic';

export default async function Page() {
  await new Promise((resolve) => setTimeout(resolve, 10));
  return <p>worker {process.pid}</p>;
}
