export { simulationCsv } from './csv.ts';
export { simulationPlot } from './plot.ts';
export { defaultSimulation, simulationLimits, type SimulationSettings } from './settings.ts';
export {
  ClusterSimulation,
  type SimulationProgress,
  type SimulationResult,
  type SimulationSample,
} from './simulation.ts';
