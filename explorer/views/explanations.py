"""What each view shows, in plain words: a title, one sentence, and a paragraph for who asks "?".

Figures are those of Frankle & Carbin, "The Lottery Ticket Hypothesis", ICLR 2019.
"""

from __future__ import annotations

from typing import NamedTuple


class Explanation(NamedTuple):
    """A view in words.

    Args:
        title: its name on screen.
        sentence: what it shows, for a newcomer.
        paragraph: three to five sentences: what is drawn, how to read it, what the paper found, what to look for.
    """

    title: str
    sentence: str
    paragraph: str


EXPLANATIONS: dict[str, Explanation] = {
    "accuracy": Explanation(
        "Test accuracy while training",
        "How well each network does on unseen images while it trains.",
        "Each line is the mean test accuracy of the replicates of one variant at the level on screen, with a band from "
        "the lowest to the highest; the dense network stands behind. "
        "A marker on the axis is a mean early-stopping iteration, where the validation loss was least. "
        "A ticket's line may begin high: its mask alone, on weights that are not trained yet, tells many digits apart. "
        "In the paper's Figure 3 a ticket with a fifth of the weights learns faster than the dense network, while the "
        "same mask with new initial weights learns more slowly. "
        "Look for the level from which on the ticket's line lies above those of both controls.",
    ),
    "density": Explanation(
        "Accuracy against weights remaining",
        "What is lost, and how much sooner training is done, as weights are removed.",
        "Every point is the mean of a level's replicates, and the band around it is their range; to the right networks "
        "are sparser. "
        "Above is test accuracy, below the early-stopping iteration, and the grey line is the dense network. "
        "In the paper's Figures 4 and 14 tickets match the dense network down to a few per cent of the weights and "
        "stop earlier, while the controls learn ever more slowly and lose accuracy sooner. "
        "Look for how far to the right the ticket keeps to the grey line after the controls have left it.",
    ),
    "masks": Explanation(
        "The weights that are left",
        "Where the remaining weights are: a ticket keeps the pixels that carry ink.",
        "A large picture is a layer's mask, one row a unit and one column an input (of a convolution, a tile for each "
        "kernel), dark where weights are left. "
        "The small square folds a first layer of pixels to the image: each is as dark as it has connections left. "
        "Ticket and random reinit have the same mask, random sparse has as many weights at random places. "
        "The paper counts the same connections in Figures 21 to 24. "
        "Look for columns that grow pale: pixels at the border carry no ink and lose their connections first.",
    ),
    "histogram": Explanation(
        "Surviving weights",
        "What the surviving weights were before training and what they became.",
        "The outline counts the surviving weights of one layer by their initial value, the bars by their value now. "
        "All initial weights are drawn from a normal distribution, so that a new start is a bell around zero. "
        "In the paper's Figure 15 the initial weights of tickets turn into two humps away from zero as the level "
        "rises, least so in the first layer: weights that start small tend to end small and are pruned. "
        "Look for the gap around zero in the ticket's outline, which the controls do not have.",
    ),
    "overlap": Explanation(
        "Overlap of masks",
        "How much of its mask a ticket has in common with one found from other initial weights.",
        "Each point is the share of a layer's surviving weights that two replicates both keep: the mean over all "
        "pairs, with its range. "
        "The grey line is what masks drawn at random have in common: the layer's density. "
        "Random sparse stays on that line; random reinit has the tickets' masks, so that the two lines are one. "
        "The paper does not draw this; its Figures 21 to 24 show that tickets favour some inputs, which is why overlap "
        "in the first layer can exceed chance. "
        "Look for how far the ticket rises above the grey line, and whether it does so in later layers too.",
    ),
    "distance": Explanation(
        "Distance moved",
        "How far training moved the surviving weights, beside how large they were at the start.",
        "The bars count surviving weights by the distance from their initial to their trained value, the outline by "
        "their initial magnitude; heights are shares of the surviving weights. "
        "Where the bars lie left of the outline, weights mostly move by less than their own size. "
        "In the paper's Figures 19 and 20 the weights that survive are those that training moves most, and they move "
        "away from zero. "
        "Look for bars that reach further right at sparser levels, and for weights that never move because their pixel "
        "is always blank.",
    ),
    "connections": Explanation(
        "Connections left",
        "How evenly the remaining connections are spread over units and inputs.",
        "Above, the units of a layer are lined up from most to fewest incoming connections left; below, its inputs by "
        "their outgoing ones. "
        "A flat line is an even spread, a steep one means that a few hold most. "
        "In the paper's Figures 21 to 24 incoming connections stay even, while the outgoing ones of the image's pixels "
        "fall into two groups, many and few. "
        "Look at the first layer for inputs with few connections, where the ticket's line falls far below random "
        "sparse's.",
    ),
    "layers": Explanation(
        "Layers",
        "What is left of each layer of one network, in numbers.",
        "Each row is a layer of the network on screen: its weights, those left, and the share that remains. "
        "A dead unit has no incoming connection left, a dead input no outgoing one. "
        "The last columns are the mean magnitudes of the surviving weights before and after training; the paper's "
        "Figures 15 and 20 show that survivors are the larger ones and grow. "
        "The output layer is pruned at half the rate, in deep networks not at all, so that it keeps a larger share.",
    ),
    "connectivity": Explanation(
        "Linear mode connectivity",
        "Whether training a ticket again, with the images in another order, leads to the same minimum.",
        "A ticket is trained twice from one start, each time with the images in another order, and networks are "
        "measured on the straight line between the two final weights. "
        "Below, a level's curve is the test error along that line; above is its barrier, the highest error less the "
        "mean of the two ends. "
        "Below 2 points of barrier Frankle et al. (2020) call training stable, and find that tickets win where it is. "
        "The paper itself does not measure this; it only finds that the deeper networks of its Figures 7 and 8 need "
        "warmup, and later work rewinds them to weights from which training is stable. "
        "Look for curves that stay level, and for the sparsest level whose barrier is still under the grey line.",
    ),
    "supermask": Explanation(
        "Accuracy before training",
        "What a mask alone achieves, on initial weights that were never trained.",
        "Each point is the mean test accuracy of the networks of a level where their training begins, with its range; "
        "the grey line is chance. "
        "A mask under which untrained weights do far better than chance is a supermask; Zhou et al. (2019) found masks "
        "that bring an untrained network to 86% on MNIST. "
        "The paper does not measure this; the curves of its Figure 3 show only what training makes of the masks. "
        "Tickets that are rewound to a later iteration have been trained up to there. "
        "Look for how far the ticket rises above both controls: random reinit has the same mask and loses it with the "
        "weights.",
    ),
    "compare": Explanation(
        "Runs compared",
        "How far the tickets of several runs keep the accuracy of their dense networks.",
        "Each line is the mean test accuracy of one run's tickets at the end of training; to the right networks are "
        "sparser. "
        "The thin level line of the same colour and dash is the run's dense network. "
        "The paper's Figure 4 sets pruning level by level beside pruning at once in this way, and finds smaller "
        "winning tickets with the first. "
        "Look for where each line leaves its own thin one: heights of different networks or data sets say little.",
    ),
    "timing": Explanation(
        "Time of training",
        "Whether a sparser network trains faster on this machine.",
        "Each bar is the measured mean time of one training step of one network at a level, evaluation included. "
        "A fully connected network on a CPU is trained with its surviving weights alone, so that fewer of them take "
        "less time; elsewhere a mask sets weights to zero but leaves them in the matrices, where they are still "
        "multiplied, and saves none. "
        "The paper's Figure 4 measures speed in iterations to early stopping, not in time. "
        "Look for bars that shrink with the weights; where they are of about equal height, masks save nothing.",
    ),
    "measures": Explanation(
        "Measures of each level",
        "What training came to at each level, in numbers.",
        "Each row is a variant at a level: the mean over its n networks, with the lowest and the highest. "
        "Early stop is the iteration at which the validation loss is least. "
        "The speed-up is the mean early stop of the dense networks divided by that of the row: bigger is faster, and 1 "
        "is as fast as dense. "
        "The paper plots these measures in Figure 4, and in Figure 5 its convolutional tickets stop up to 3.5 times as "
        "early as the dense network. "
        "Look for how far down the ticket's speed-up stays above 1, and where its test accuracy falls all the same.",
    ),
}
