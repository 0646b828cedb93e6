package main

import (
	"context"
	"errors"
	"io"
	"time"

	"example.com/routeguide/pb"
)

// tag::client[]
type client struct {
	routeGuide pb.RouteGuideClient
}

// end::client[]

// tag::unary[]
func (c *client) feature(ctx context.Context, p *pb.Point) (*pb.Feature, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return c.routeGuide.GetFeature(ctx, p)
}

// end::unary[]

// tag::server-streaming[]
func (c *client) names(ctx context.Context, area *pb.Rectangle) ([]string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	call, err := c.routeGuide.ListFeatures(ctx, area)
	if err != nil {
		return nil, err
	}
	var names []string
	for {
		f, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return nil, err
		}
		names = append(names, f.GetName())
	}
}

// end::server-streaming[]

// tag::client-streaming[]
func (c *client) walk(ctx context.Context, points []*pb.Point) (*pb.RouteSummary, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	call, err := c.routeGuide.RecordRoute(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range points {
		if err := call.Send(p); err != nil {
			break // CloseAndRecv knows why
		}
	}
	return call.CloseAndRecv()
}

// end::client-streaming[]

// tag::bidi[]
func (c *client) chat(ctx context.Context, notes []*pb.RouteNote) ([]*pb.RouteNote, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	call, err := c.routeGuide.RouteChat(ctx)
	if err != nil {
		return nil, err
	}
	go func() {
		for _, note := range notes {
			if call.Send(note) != nil {
				return // Recv knows why
			}
		}
		_ = call.CloseSend()
	}()
	var answers []*pb.RouteNote
	for {
		note, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return answers, nil
		}
		if err != nil {
			return nil, err
		}
		answers = append(answers, note)
	}
}

// end::bidi[]
