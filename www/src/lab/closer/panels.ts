import type { Component } from "svelte";

import AnswersPanel from "../answers/AnswersPanel.svelte";
import AccessPanel from "../access/AccessPanel.svelte";
import Calibration from "../calibration/Calibration.svelte";
import DirectionPanel from "../direction/DirectionPanel.svelte";
import DrawPanel from "../draw/DrawPanel.svelte";
import InsidePanel from "../inside/InsidePanel.svelte";
import Knowledge from "../knowledge/Knowledge.svelte";
import type { Lab } from "../lab.svelte";
import Length from "../length/Length.svelte";
import CapacityPanel from "../sweep/CapacityPanel.svelte";
import SweepPanel from "../sweep/SweepPanel.svelte";
import WritingPanel from "../writing/WritingPanel.svelte";
import type { PanelId } from "./ids";
import LossPanel from "./LossPanel.svelte";
import SamplePanel from "./SamplePanel.svelte";
import Step from "../step/Step.svelte";

/** What each tab shows. A panel is there only while its tab is open, so that it asks the engine only then. */
export const PANELS: Record<PanelId, Component<{ lab: Lab }>> = {
  sample: SamplePanel,
  knowledge: Knowledge,
  inside: InsidePanel,
  step: Step,
  calibration: Calibration,
  access: AccessPanel,
  writing: WritingPanel,
  loss: LossPanel,
  answers: AnswersPanel,
  length: Length,
  direction: DirectionPanel,
  draw: DrawPanel,
  sweep: SweepPanel,
  capacity: CapacityPanel,
};
