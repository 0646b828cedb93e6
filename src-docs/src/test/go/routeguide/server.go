package main

import (
	"context"
	"errors"
	"io"
	"log"
	"math"
	"net"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"example.com/routeguide/pb"
	"google.golang.org/grpc"
)

// tag::service[]
type place struct{ latitude, longitude int32 }

func placeOf(p *pb.Point) place {
	return place{p.GetLatitude(), p.GetLongitude()}
}

type server struct {
	pb.UnimplementedRouteGuideServer

	features map[place]*pb.Feature

	mu    sync.Mutex
	notes map[place][]*pb.RouteNote // guarded by mu
}

// end::service[]

// tag::unary[]
func (s *server) GetFeature(ctx context.Context, p *pb.Point) (*pb.Feature, error) {
	if f, ok := s.features[placeOf(p)]; ok {
		return f, nil
	}
	return &pb.Feature{Location: p}, nil
}

// end::unary[]

// tag::server-streaming[]
func (s *server) ListFeatures(area *pb.Rectangle, out pb.RouteGuide_ListFeaturesServer) error {
	for at, f := range s.features {
		if !at.within(area) {
			continue
		}
		if err := out.Send(f); err != nil {
			return err
		}
	}
	return nil
}

// end::server-streaming[]

// tag::client-streaming[]
func (s *server) RecordRoute(points pb.RouteGuide_RecordRouteServer) error {
	start := time.Now()
	sum := &pb.RouteSummary{}
	var last *pb.Point
	for {
		p, err := points.Recv()
		if errors.Is(err, io.EOF) {
			sum.ElapsedTime = int32(time.Since(start).Seconds())
			return points.SendAndClose(sum)
		}
		if err != nil {
			return err
		}
		sum.PointCount++
		if _, ok := s.features[placeOf(p)]; ok {
			sum.FeatureCount++
		}
		if last != nil {
			sum.Distance += distance(last, p)
		}
		last = p
	}
}

// end::client-streaming[]

// tag::bidi[]
func (s *server) RouteChat(chat pb.RouteGuide_RouteChatServer) error {
	for {
		note, err := chat.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, earlier := range s.leave(note) {
			if err := chat.Send(earlier); err != nil {
				return err
			}
		}
	}
}

// end::bidi[]

// leave adds a note and returns those that were at its place before.
func (s *server) leave(note *pb.RouteNote) []*pb.RouteNote {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := placeOf(note.GetLocation())
	before := append([]*pb.RouteNote(nil), s.notes[at]...)
	s.notes[at] = append(s.notes[at], note)
	return before
}

func (at place) within(area *pb.Rectangle) bool {
	lo, hi := placeOf(area.GetLo()), placeOf(area.GetHi())
	return at.latitude >= lo.latitude && at.latitude <= hi.latitude &&
		at.longitude >= lo.longitude && at.longitude <= hi.longitude
}

// distance is that of a flat world.
func distance(from, to *pb.Point) int32 {
	return int32(math.Hypot(float64(to.GetLatitude()-from.GetLatitude()), float64(to.GetLongitude()-from.GetLongitude())))
}

// tag::main[]
func main() {
	listener, err := net.Listen("tcp", ":9090")
	if err != nil {
		log.Fatal(err)
	}
	s := grpc.NewServer()
	pb.RegisterRouteGuideServer(s, &server{notes: map[place][]*pb.RouteNote{}})
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	go func() {
		<-stop.Done()
		s.GracefulStop()
	}()
	if err := s.Serve(listener); err != nil {
		log.Fatal(err)
	}
}

// end::main[]
