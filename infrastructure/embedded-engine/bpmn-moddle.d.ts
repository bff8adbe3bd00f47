declare module 'bpmn-moddle' {
  const BpmnModdle: unknown;
  export default BpmnModdle;
}
