/** `parser=NAME:PATH`, or only a path; `path` is empty if the parser's name is all there is. */
export function cutSpec(spec: string): { readonly parser: string | undefined; readonly path: string } {
  const [, parser, path = ''] = /^parser=([^:]*)(?::(.*))?$/s.exec(spec) ?? []
  return parser === undefined ? { parser, path: spec } : { parser, path }
}
