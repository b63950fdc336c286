"""Make the picture of a scene, and say what is in it."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Box, HeadPose, Pixels
from kiosk.simulator.attacks import present
from kiosk.simulator.background import background
from kiosk.simulator.body import Body, blend
from kiosk.simulator.expression import Expression, rounded
from kiosk.simulator.head import Head, Modeller
from kiosk.simulator.looks import invent
from kiosk.simulator.raycast import View, look_at, rotation
from kiosk.simulator.scene import Actor, Attack, Light, Rendering, Scene, Truth
from kiosk.simulator.sensor import Glow, expose

FOCAL_PER_WIDTH = 0.85
"""Focal length of the camera as a share of the picture's width: about 60° across."""
_NEAREST = 4.5
"""Eye distances; nearer than about 30 cm nobody comes."""
_MAX_EYE_PX = 2000.0
"""Beyond it a picture would take more memory than a machine has."""
_PEOPLE_KEPT = 16
_HEADS_KEPT = 40
_PORTRAITS_KEPT = 6
_PORTRAIT_PX = 360


class Renderer:
    """Draws scenes of one size. Used by one thread; keeps the heads it has modelled."""

    def __init__(
        self,
        width_px: int = 640,
        height_px: int = 480,
        texture_px: int = 512,
        focal_px: float | None = None,
    ) -> None:
        """``texture_px`` is the size of a head's maps: 512 is enough for eyes 110 px apart.

        ``focal_px`` is the focal length of the lens; None is that of a frame 60° wide.
        """
        self._width_px, self._height_px = width_px, height_px
        self._focal_px = focal_px or FOCAL_PER_WIDTH * width_px
        self._texture_px = texture_px
        self._people: OrderedDict[int, tuple[Modeller, Body]] = OrderedDict()
        self._heads: OrderedDict[tuple[int, Expression, int], Head] = OrderedDict()
        self._portraits: OrderedDict[Actor, tuple[Pixels, Truth]] = OrderedDict()

    def render(self, scene: Scene) -> Rendering:
        """Return the frame of a scene and the truth about each actor, in the scene's order.

        Raises ValueError for actors or light that cannot be (negative sizes, NaN).
        """
        canvas = background(scene.background, self._width_px, self._height_px).copy()
        order = sorted(range(len(scene.actors)), key=lambda i: scene.actors[i].eye_px)
        truths: dict[int, Truth] = {}
        glows: list[Glow] = []
        for index in order:
            actor = scene.actors[index]
            if actor.attack is Attack.NONE:
                truths[index] = self._draw_person(canvas, scene.light, actor, glows)
            else:
                truths[index] = self._present(canvas, scene, actor, glows)
        seen = [truths[index] for index in range(len(scene.actors))]
        return Rendering(expose(canvas, scene, glows), tuple(self._with_visibility(seen)))

    def _draw_person(self, canvas: Pixels, light: Light, actor: Actor, glows: list[Glow]) -> Truth:
        _check(actor)
        modeller, body = self._person(actor.person)
        head = self._head(actor, modeller)
        view = _view(head, actor, self._focal_px)
        drawn = body.draw(canvas, view, light, actor.roll_deg * 0.25)
        seen = look_at(head, view, light, self._width_px, self._height_px)
        if seen is not None:
            blend(canvas, seen)
        for layer in (drawn, seen):
            if layer is not None and glows:
                cover = (255 * layer.cover).astype(np.uint8)
                glows[:] = [glow.hidden_by(cover, layer.left, layer.top) for glow in glows]
        landmarks = view.project(head.landmarks)
        # The outline is meant for a face seen from the front; the landmarks, the nose above all,
        # bound a face that is turned away.
        points = np.vstack([view.project(head.outline), landmarks])
        box = Box(*map(float, (*points.min(axis=0), *points.max(axis=0))))
        pose = HeadPose(actor.yaw_deg, actor.pitch_deg, actor.roll_deg)
        return Truth(actor, box, landmarks, pose, 1.0)

    def _person(self, number: int) -> tuple[Modeller, Body]:
        if number not in self._people:
            looks = invent(number)
            self._people[number] = (Modeller(looks, self._texture_px), Body(looks))
            if len(self._people) > _PEOPLE_KEPT:
                self._people.popitem(last=False)
        self._people.move_to_end(number)
        return self._people[number]

    def _head(self, actor: Actor, modeller: Modeller) -> Head:
        expression = rounded(actor.smile, actor.mouth_open, actor.blink)
        key = (actor.person, expression, actor.mask)
        if key not in self._heads:
            self._heads[key] = modeller.model(expression, actor.mask)
            if len(self._heads) > _HEADS_KEPT:
                self._heads.popitem(last=False)
        self._heads.move_to_end(key)
        return self._heads[key]

    def _present(self, canvas: Pixels, scene: Scene, actor: Actor, glows: list[Glow]) -> Truth:
        _check(actor)
        picture, truth = self._portrait(actor)
        box = truth.box
        corners = np.array(
            [(box.left, box.top), (box.right, box.top), (box.left, box.bottom),
             (box.right, box.bottom)], np.float32,
        )  # fmt: skip
        points = np.vstack([truth.landmarks, corners]).astype(np.float32)
        # Paper, telephone and hands belong to the attacker: they stay the same from frame to frame.
        presented = present(
            canvas, picture, points, truth.landmarks[:2], actor, scene.light, actor.person
        )
        if presented.glow is not None:
            glows.append(presented.glow)
        landmarks, seen = presented.points[:5], presented.points[5:]
        frame = Box(*map(float, (*seen.min(axis=0), *seen.max(axis=0))))
        pose = HeadPose(
            truth.pose.yaw_deg + actor.yaw_deg,
            truth.pose.pitch_deg + actor.pitch_deg,
            truth.pose.roll_deg + actor.roll_deg,
        )
        return Truth(actor, frame, landmarks, pose, 1.0)

    def _portrait(self, actor: Actor) -> tuple[Pixels, Truth]:
        """Return a photograph of the person as one would take it to deceive a door."""
        side = _PORTRAIT_PX
        sitter = Actor(
            actor.person,
            side / 2,
            side * 0.45,
            side * 0.19,
            smile=round(actor.smile),
            mouth_open=round(actor.mouth_open),
            blink=round(actor.blink),
            mask=actor.mask,
        )
        if sitter not in self._portraits:
            self._portraits[sitter] = self._photograph(sitter)
            if len(self._portraits) > _PORTRAITS_KEPT:
                self._portraits.popitem(last=False)
        return self._portraits[sitter]

    def _photograph(self, sitter: Actor) -> tuple[Pixels, Truth]:
        side = _PORTRAIT_PX
        light = Light(azimuth_deg=20, directness=0.4)
        studio = Renderer(side, side, self._texture_px)
        studio._people, studio._heads = self._people, self._heads
        canvas = background(sitter.person, side, side).copy()
        truth = studio._draw_person(canvas, light, sitter, [])
        scene = Scene((sitter,), light, noise=1.0, defocus_px=0.5)
        return expose(canvas, scene), truth

    def _with_visibility(self, truths: list[Truth]) -> list[Truth]:
        found = []
        frame = Box(0, 0, self._width_px, self._height_px)
        for truth in truths:
            nearer = [other.box for other in truths if other.actor.eye_px > truth.actor.eye_px]
            share = _overlap(truth.box, frame) / max(truth.box.area, 1e-6)
            hidden = max((_overlap(truth.box, box) for box in nearer), default=0.0)
            share = max(0.0, share - hidden / max(truth.box.area, 1e-6))
            found.append(dataclasses.replace(truth, visible_fraction=share))
        return found


def _overlap(one: Box, other: Box) -> float:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(width, 0.0) * max(height, 0.0)


def _check(actor: Actor) -> None:
    numbers = (
        actor.x_px,
        actor.y_px,
        actor.eye_px,
        actor.yaw_deg,
        actor.pitch_deg,
        actor.roll_deg,
        actor.smile,
        actor.mouth_open,
        actor.blink,
    )
    if not all(np.isfinite(numbers)) or not 0 < actor.eye_px <= _MAX_EYE_PX or actor.mask < 0:
        raise ValueError(f"this cannot be drawn: {actor}")


def _view(head: Head, actor: Actor, focal_px: float) -> View:
    """Return the view that brings the point between the eyes to where the actor has it."""
    turn = rotation(actor.yaw_deg, actor.pitch_deg, actor.roll_deg)
    eyes = head.landmarks[:2].mean(axis=0)
    # ``eye_px`` is meant at the eyes of a head that faces the camera, not at its centre.
    distance = max(focal_px / actor.eye_px, _NEAREST) + abs(float(eyes[2]))
    eye_px = actor.eye_px * (distance - abs(float(eyes[2]))) / distance
    view = View(turn, distance, eye_px, 0.0, 0.0)
    shift: NDArray[np.float32] = view.project(eyes[None, :])[0]
    return dataclasses.replace(
        view, x_px=actor.x_px - float(shift[0]), y_px=actor.y_px - float(shift[1])
    )
