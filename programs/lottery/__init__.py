"""The digital draw (デジタル抽選): rules first, a frozen list, and a seed that nobody in the town can choose."""
