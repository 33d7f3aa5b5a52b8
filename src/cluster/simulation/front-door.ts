export { simulationCsv } from './csv.ts';
export { simulationPlot } from './plot.ts';
export { defaultSimulation, simulationLimits, type SimulationSettings } from './settings.ts';
export { ClusterSimulation, type SimulationProgress } from './simulation.ts';
export type { SimulationResult, SimulationSample } from './tally.ts';
