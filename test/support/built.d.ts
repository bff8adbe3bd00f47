/** The folder of the service and the programs of the tests as JavaScript; see `built-plugin.ts`. */
declare module 'virtual:built' {
  const folder: string;
  export default folder;
}
