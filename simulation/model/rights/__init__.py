"""How the right to spend a card's money travels: the specification that the coin's code is held to.

This is no part of the product and drives none of it; the code of the coin is tested where it stands. Here is what that
code has to do, small enough that every order of events can be tried: one card, one centre and two units, of which the
shop has a counter outside its disk and the bus has none. Money comes in single yen.

What is simplified, and why nothing is lost by it:

- There is no network and no list of messages. Whatever was ever written may arrive at any later time, again and again,
  in any order, or never; so loss, delay, repetition and overtaking are in every history.
- There is no clock. No rule reads one; a clock could at most forbid a step, and every history without that step is
  tried as well.
- A power cut may come at any point. What a unit writes is either on its disk or not, and announced only afterwards; so
  besides "nothing happened" and "it happened" there is one more outcome: written, and never announced.

`state` is what there is, `rules` what a good unit and a good centre do, `steps` everything that may happen, `laws` what
must hold after each step, and `wrong` a list of protocols with one mistake each, all of which have to be found.
"""
