import { rename, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { Metrics } from './metrics.ts'

/** node_exporter reads the file at each scrape, which is seldom more often. */
const WRITE_MS = 15_000
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
/** Prometheus and a curl or two. */
const MOST_CONNECTIONS = 8

/** `problem`: the last writing failed, and why; undefined: it is written again. */
type Tell = (problem: unknown) => void

/** A file for node_exporter's textfile collector: replaced as a whole, so that nobody reads half of it. Answers how to stop. */
export function writeMetrics(path: string, metrics: Metrics, tell: Tell): () => void {
  let fails = false
  const write = async (): Promise<void> => {
    let problem: unknown
    try {
      // The collector passes over names that do not end with .prom.
      await writeFile(`${path}.new`, await metrics.text(), { mode: 0o644 })
      await rename(`${path}.new`, path)
    } catch (error) {
      problem = error
    }
    if ((problem !== undefined) !== fails) tell(problem)
    fails = problem !== undefined
  }
  void write()
  const timer = setInterval(() => void write(), WRITE_MS)
  return () => clearInterval(timer)
}

/** `http://127.0.0.1:PORT/metrics`, and nothing else. Answers how to stop. */
export function serveMetrics(port: number, metrics: Metrics, tell: Tell): () => void {
  const server: Server = createServer({ requestTimeout: 5000, headersTimeout: 5000 }, (request, response) => {
    const isWanted = request.url === '/metrics' && (request.method === 'GET' || request.method === 'HEAD')
    if (!isWanted) return void response.writeHead(404).end()
    void metrics.text().then((text) => response.writeHead(200, { 'content-type': CONTENT_TYPE }).end(text))
  })
  server.maxConnections = MOST_CONNECTIONS
  server.on('error', tell)
  server.listen(port, '127.0.0.1')
  return () => {
    server.close()
    server.closeAllConnections()
  }
}
